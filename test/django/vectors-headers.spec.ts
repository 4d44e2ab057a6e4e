import { describe, expect, it } from '@jest/globals';
import { parseCacheControl } from '../../lib/http/cache-control.js';
import type { CacheControlDirectives } from '../../lib/http/cache-control.directives.js';
import { makeTemplateFragmentKey } from '../../lib/http/fragment-key.js';
import { pageKey, variantKey } from '../../lib/http/page-key.js';
import {
  addNeverCacheHeaders,
  getMaxAge,
  hasVaryHeader,
  patchCacheControl,
  patchResponseHeaders,
  patchVaryHeaders,
} from '../../lib/http/response-headers.js';
import { parseVary } from '../../lib/http/vary.js';
import { fakeClock } from '../../lib/testing/fake-clock.js';
import { decoded, vectorsOf } from '../support/suite-vectors.js';
import { compare, type HeaderRule } from './vector-differences-headers.js';
import { cacheControlRules, maxAgeRules, varyRules } from './vector-header-rules.js';
import {
  PlainResponse,
  pageAddress,
  requestHeadOf,
  settledExpected,
  type VectorRequest,
} from './vector-pages.js';

type Headers = Readonly<Record<string, string>>;

const cases = (section: string): [string, ReturnType<typeof vectorsOf>[number]][] =>
  vectorsOf(section).map((vector) => [vector.id, vector]);

describe('vectors of patch_cache_control', () => {
  it.each(cases('b'))('%s', (id, vector) => {
    const { existing, kwargs } = vector.input as {
      existing: string | null;
      kwargs: Record<string, unknown>;
    };
    const rules = cacheControlRules(existing, kwargs);
    const response = new PlainResponse(existing === null ? {} : { 'Cache-Control': existing });

    const header = outcomeOf(() => {
      patchCacheControl(response, kwargs as CacheControlDirectives);
      return response.headers['Cache-Control'];
    });

    const { order_unspecified: isLoose } = vector as { order_unspecified?: boolean };
    const theirs = settledExpected(vector) as { header: string; directives: string[] };
    // JSON knows no other 10.0 than 10.
    if (/=\d+\.0(?:,|$)/.test(theirs.header)) rules.push('agesAreWhole');
    const isReadable = !parseCacheControl([existing ?? '']).malformed;
    if (isReadable && rules.length > 0 && header !== 'TypeError' && header !== undefined) {
      expect(parseCacheControl([header as string]).malformed).toBe(false);
    }
    if (isLoose) compare(id, rules, sortedMembers(header), theirs.directives);
    else compare(id, rules, header, theirs.header);
  });
});

describe('vectors of patch_vary_headers', () => {
  it.each(cases('c'))('%s', (id, vector) => {
    const { existing, newheaders } = vector.input as {
      existing: string | null;
      newheaders: string[];
    };
    const response = new PlainResponse(existing === null ? {} : { Vary: existing });

    const header = outcomeOf(() => {
      patchVaryHeaders(response, newheaders);
      return response.headers['Vary'];
    });

    const theirs = settledExpected(vector) as { header: string };
    compare(id, varyRules(existing, newheaders), header, theirs.header);
  });
});

describe('vectors of get_max_age', () => {
  it.each(cases('d'))('%s', (id, vector) => {
    const header = vector.input['header'] as string | null;
    const response = new PlainResponse(header === null ? {} : { 'Cache-Control': header });

    compare(id, maxAgeRules(header ?? ''), getMaxAge(response) ?? null, settledExpected(vector));
  });
});

describe('vectors of make_template_fragment_key', () => {
  it.each(cases('e'))('%s', (id, vector) => {
    const name = vector.input['fragment_name'] as string;
    const parts = (decoded(vector.input['vary_on']) ?? []) as string[];
    const { python_str: printed } = vector as { python_str?: string };
    // JSON knows no other 1.0 than 1.
    const isPrinted =
      parts.some((part) => !isPrintedAlike(part)) || printed?.includes('.0') === true;

    const key = outcomeOf(() => makeTemplateFragmentKey(name, parts));

    compare(id, isPrinted ? ['partsAreText'] : [], key, settledExpected(vector));
  });
});

describe('vectors of learn_cache_key and get_cache_key', () => {
  it.each(cases('f'))('%s', (id, vector) => {
    const {
      request,
      second_request: second,
      response_vary: vary,
      settings,
    } = vector.input as {
      request: VectorRequest;
      second_request?: VectorRequest;
      response_vary: string | null;
      settings: { USE_I18N: boolean };
    };
    const theirs = settledExpected(vector) as {
      url: string;
      stored_header_list: string[];
      second_same_as_first?: boolean;
    };
    const rules: HeaderRule[] = vary === null ? [] : varyRules(vary || ',', []);
    if (settings.USE_I18N && /accept-language/i.test(vary ?? '')) rules.push('languageIsAHeader');
    if (/[A-Z]/.test(request.host ?? '')) rules.push('hostsHaveNoCase');

    const names = parseVary(vary === null ? [] : [vary])!;

    compare(id, rules, names, theirs.stored_header_list.map(headerName).toSorted());
    const keyOf = (of: VectorRequest): string =>
      variantKey(pageKey(pageAddress(of), requestHeadOf(of)), names, requestHeadOf(of));
    if (second) expect(keyOf(second) === keyOf(request)).toBe(theirs.second_same_as_first);
    // GET and HEAD have one page.
    expect(keyOf({ ...request, method: 'HEAD' })).toBe(keyOf({ ...request, method: 'GET' }));
    // One page for one URL.
    const usual = { method: 'GET', path: '/cache/test/' };
    const isUsual = theirs.url.toLowerCase() === 'http://testserver/cache/test/';
    const plain = { ...request, headers: {}, cookies: {} };
    expect(keyOf(plain) === keyOf(usual)).toBe(isUsual);
  });
});

describe('vectors of the header helpers', () => {
  it.each(cases('j'))('%s', (id, vector) => {
    const { input } = vector;
    const theirs = settledExpected(vector);
    if (vector.op === 'has_vary_header') {
      const response = new PlainResponse({ Vary: input['vary'] as string });
      const query = input['query'] as string;
      const rules: HeaderRule[] = query.trim() === '' ? ['emptyMembersAreDropped'] : [];
      compare(id, rules, hasVaryHeader(response, query), theirs);
      return;
    }
    const existing = input['existing_headers'] as Headers;
    const response = new PlainResponse(existing);
    const clock = fakeClock((input['now'] as number) * 1000);
    const isNever = vector.op === 'add_never_cache_headers';
    const timeout = (input['cache_timeout'] ?? input['CACHE_MIDDLEWARE_SECONDS']) as number;
    const age = isNever ? 0 : Math.max(0, timeout);

    const error = outcomeOf(() => {
      if (isNever) addNeverCacheHeaders(response, clock);
      else patchResponseHeaders(response, timeout, clock);
      return undefined;
    });

    const rules = cacheControlRules(existing['Cache-Control'] ?? null, { max_age: age });
    compare(id, rules, error ?? response.headers, { ...existing, ...(theirs as Headers) });
  });
});

/** `HTTP_X_A` as `x-a` */
function headerName(name: string): string {
  return name
    .replace(/^HTTP_/, '')
    .replaceAll('_', '-')
    .toLowerCase();
}

/** True if Python prints a value as JavaScript does. */
function isPrintedAlike(part: unknown): boolean {
  return typeof part === 'string' || typeof part === 'bigint' || Number.isSafeInteger(part);
}

function sortedMembers(header: unknown): string[] {
  return String(header)
    .split(',')
    .map((member) => member.trim())
    .toSorted();
}

/** What a call gave, or the name of the error that it threw. */
function outcomeOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return (error as Error).name;
  }
}
