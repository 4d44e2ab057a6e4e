import type { Platform } from '../http/http-app.js';
import type { Mode } from './suite-app.js';

/** Tests that the cache is meant to fail, and why. */
export interface Exception {
  readonly why: string;
  readonly ids: readonly string[];
  /** Only there. Default: everywhere. */
  readonly mode?: Mode;
  readonly platform?: Platform;
}

/**
 * What fails of the suite's required and optimal tests in the safe profile, exactly. A test that is missing here and fails,
 * and one that is listed here and passes, are both news.
 */
export const EXCEPTIONS: readonly Exception[] = [
  {
    why: 'A page whose time is over is made anew and never validated, because its handler sees no validators.',
    ids: [
      'cc-resp-must-revalidate-stale',
      'cc-resp-no-cache-revalidate',
      'cc-resp-no-cache-revalidate-fresh',
      'conditional-etag-strong-generate',
      'conditional-etag-vary-headers',
      'conditional-etag-weak-generate-weak',
      'conditional-lm-stale',
      '304-lm-use-stored-Test-Header',
    ],
  },
  {
    why: 'An answer with one of these headers is for one client, or a part of a page, and is not kept at all.',
    ids: [
      'headers-store-Clear-Site-Data',
      'headers-store-Content-Range',
      'headers-store-Proxy-Authenticate',
      'headers-store-Proxy-Authentication-Info',
      'headers-store-Set-Cookie',
      'headers-store-Set-Cookie2',
      'other-set-cookie',
    ],
  },
  {
    why: 'What is asked with Authorization or cookies is for one visitor, whatever the response says.',
    ids: [
      'other-authorization-must-revalidate',
      'other-authorization-public',
      'other-authorization-smaxage',
      'other-cookie',
    ],
  },
  {
    why: 'Errors, redirects for now and statuses that nobody knows make no page.',
    ids: [204, 299, 302, 303, 307, 400, 404, 410, 499, 500, 502, 503, 504, 599].map(
      (status) => `status-${status}-fresh`,
    ),
  },
  {
    why: 'Nothing is kept on a guess from Last-Modified.',
    ids: [200, 203, 204, 404, 405, 410, 414, 501, 599].map(
      (status) => `heuristic-${status}-cached`,
    ),
  },
  {
    why: 'An Age that lists two numbers is not believed; of the tests about it this one alone wants the first one to count.',
    ids: ['age-parse-prefix'],
  },
  {
    why: 'Only the answer to a GET makes a page.',
    ids: ['method-POST'],
  },
  {
    why: 'A page that was given no date is recognised by its ETag alone.',
    ids: ['conditional-lm-fresh-no-lm'],
  },
  {
    why: 'Ranges are for the handler, and no part of a page is kept.',
    ids: [
      'partial-store-complete-reuse-partial',
      'partial-store-complete-reuse-partial-no-last',
      'partial-store-complete-reuse-partial-suffix',
      'partial-store-partial-complete',
      'partial-store-partial-reuse-partial',
      'partial-store-partial-reuse-partial-absent',
      'partial-store-partial-reuse-partial-byterange',
      'partial-store-partial-reuse-partial-suffix',
    ],
  },
  {
    why: 'Headers that a page varies on count as they were sent, because what two spellings mean is the handler’s to know.',
    ids: [
      'vary-normalise-combine',
      'vary-normalise-lang-case',
      'vary-normalise-lang-order',
      'vary-normalise-lang-select',
      'vary-normalise-lang-space',
      'vary-normalise-space',
    ],
  },
  {
    why: 'Surrogate-Control forbids and shortens, and allows nothing that Cache-Control does not.',
    ids: [
      'surrogate-fresh-cc-nostore',
      'surrogate-max-age',
      'surrogate-max-age-max',
      'surrogate-max-age-max-plus',
      'surrogate-max-age-me-target',
    ],
  },
  {
    why: 'The framework writes the true length of what it sends.',
    ids: ['headers-store-Content-Length'],
    mode: 'origin',
  },
  {
    why: 'Express writes the charset in a spelling of its own.',
    ids: ['headers-store-Content-Type'],
    mode: 'origin',
    platform: 'express',
  },
];
