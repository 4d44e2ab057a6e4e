import { jest } from '@jest/globals';
import type { Ending } from './security-scene.js';
import type { Ask, Sequence } from './security-sequence.js';

/** Steps of a flood of header values: with 20 clients 10,000 values in full. */
const FLOOD = process.env['HEAVY'] ? 500 : 40;

const MINUTE = 'Cache-Control: max-age=60';

/** An answer with these lines is nobody else's, the first time and later. */
function neverKept(what: string, rule: string, lines: readonly string[], status = 200): Sequence {
  const ask: Ask = { status, gets: 'own' };
  return {
    title: `keeps no answer ${what} [${rule}]`,
    answers: () => ({ status, lines }),
    steps: [ask, ask],
    stores: 0,
  };
}

const saying = (rule: string, ...lines: string[]): Sequence =>
  neverKept(`with ${lines.join(' and ')}`, rule, lines);

/** What an answer says of itself that keeps it out of the cache. */
export const FORBIDDING: readonly Sequence[] = [
  saying('H4', 'Set-Cookie: sid=%run'),
  saying('H4', MINUTE, 'Set-Cookie: sid=%run'),
  saying('H4 H5', MINUTE, 'Set-Cookie: sid=%run', 'Vary: Cookie'),
  saying('H6', 'Cache-Control: NO-STORE'),
  saying('H6', 'Cache-Control: max-age=60 , no-store'),
  saying('H6', 'Cache-Control: max-age=60', 'Cache-Control: no-store'),
  saying('H6', 'Cache-Control:\tNo-Store,public'),
  saying('W4 H7 H5', 'Cache-Control: private'),
  saying('H7', 'Cache-Control: Private'),
  saying('H7', 'Cache-Control: private="x"'),
  saying('H7', 'Cache-Control: private=""'),
  saying('H7', 'Cache-Control: private , private="a"'),
  saying('H7', 'Cache-Control: private = "authorization"'),
  saying('H7', 'Cache-Control: private=" authorization"'),
  saying('H8', 'Cache-Control: no-cache, max-age=60'),
  saying('H8', 'Cache-Control: no-cache="a", max-age=60'),
  saying('H9', 'Cache-Control: max-age=abc'),
  saying('H9', 'Cache-Control: max-age=-1'),
  saying('H9', 'Cache-Control: max-age="60"'),
  saying('H9', 'Cache-Control: max-age=60, max-age=0'),
  saying('H9', 'Cache-Control: no-cache="a, no-store'),
  saying('H9', 'Expires: 0'),
  saying('H10', 'Vary: *', MINUTE),
  saying('H10', 'Vary: Accept, *', MINUTE),
  saying('H10', 'Vary: Accept', 'Vary: X-A ,\t*', MINUTE),
  saying('H12', 'Vary: co okie', MINUTE),
  saying('H12', 'Vary: Accept;q=1', MINUTE),
  saying('V3', "Content-Security-Policy: script-src 'nonce-%run'", MINUTE),
  saying('V3', "Content-Security-Policy-Report-Only: script-src 'nonce-%run'", MINUTE),
  saying('V2', 'Access-Control-Allow-Origin: https://a.example', MINUTE),
  saying('V1', 'WWW-Authenticate: Basic', MINUTE),
  saying('V1', 'Authentication-Info: nextnonce="%run"', MINUTE),
  saying('V1', 'Clear-Site-Data: "cookies"', MINUTE),
  saying('H15', 'Content-Range: bytes 0-0/10', MINUTE),
];

/** Statuses that are no page, whatever else they say, and what else is not one. */
export const STATUSES: readonly Sequence[] = [
  ...[201, 206, 302, 303, 307, 400, 401, 403, 404, 410, 412, 429, 431, 500, 502, 503].map(
    (status) =>
      neverKept(`of status ${status}`, 'H14', ['Cache-Control: public, max-age=60'], status),
  ),
  {
    title: 'gives nobody the error that the head of another brought about [H14]',
    answers: ({ headers }) => ({
      lines: ['Cache-Control: public, max-age=60'],
      status: headers['x-meta']?.includes('\u00ff') ? 400 : 200,
    }),
    steps: [
      { headers: { 'X-Meta': '\u00ff' }, status: 400, gets: 'own' },
      // Node refuses it by itself, mostly before it was sent in full.
      { headers: { 'X-Oversized': 'x'.repeat(20_000) }, gets: 'anything' },
      { gets: 'whole' },
      [{ headers: { 'X-Oversized': 'x'.repeat(20_000) }, gets: 'anything' }, { gets: 'whole' }],
      { headers: { 'X-Meta': '\u00ff' }, gets: 'whole' },
    ],
    stores: 1,
  },
];

function badAtFirst(what: string, ends: Ending): Sequence {
  return {
    title: `keeps no answer ${what} [H19]`,
    answers: ({ headers }) => ({ lines: [MINUTE], ends: headers['x-bad'] ? ends : 'slow' }),
    steps: [
      { headers: { 'X-Bad': '1' }, gets: 'anything' },
      { gets: 'whole' },
      { gets: 'whole' },
      { headers: { 'X-Bad': '1' }, gets: 'whole' },
    ],
    stores: 1,
  };
}

/** Answers that break off. */
export const INCOMPLETE: readonly Sequence[] = [
  badAtFirst('that failed midway', 'cut'),
  badAtFirst('that a handler ended when its stream failed', 'given-up'),
  badAtFirst('that is shorter than it announced', 'short'),
  badAtFirst('in the midst of which a handler hung up', 'hung-up'),
  {
    title: 'keeps no half of a page for those who ask after one who left [H19]',
    answers: () => ({ lines: [MINUTE], ends: 'slow' }),
    steps: [
      { leaves: true, gets: 'anything' },
      { gets: 'whole' },
      [{ gets: 'whole' }, { leaves: true, gets: 'anything' }],
      { gets: 'whole' },
    ],
    stores: 1,
  },
  {
    title: 'keeps no half of a page for those who ask beside one who leaves [H19]',
    answers: () => ({ lines: [MINUTE], ends: 'slow' }),
    steps: [[{ leaves: true, gets: 'anything' }, { gets: 'whole' }], { gets: 'whole' }],
    stores: 1,
  },
];

const language = (client: number): string => `l${client % 5}`;

const speaking = (gets: Ask['gets']): Ask => ({
  headers: (client) => ({ 'Accept-Language': language(client) }),
  variant: language,
  gets,
});

/** Two requests that a careless key would take for one. */
function apart(what: string, vary: string, one: Ask['headers'], other: Ask['headers']): Sequence {
  const asks = (gets: Ask['gets'], again: Ask['gets']): Ask[] => [
    { headers: one ?? {}, variant: () => 'one', gets },
    { headers: other ?? {}, variant: () => 'other', gets: again },
  ];
  return {
    title: `tells apart ${what} [H12 H13]`,
    answers: () => ({ lines: [vary, MINUTE] }),
    steps: [asks('once', 'once'), asks({ of: 0 }, { of: 0 })],
    stores: 3,
  };
}

/** Answers that depend on headers of the request. */
export const VARYING: readonly Sequence[] = [
  {
    title: 'keeps one page for each language [W3]',
    answers: ({ headers }) => ({
      lines: ['Vary: Accept-Language', MINUTE],
      shows: headers['accept-language'],
    }),
    steps: [speaking('once'), speaking({ of: 0 })],
    stores: 6,
  },
  {
    title: 'gives no language to others as long as the answer has not said on what it depends [W3]',
    answers: ({ headers }) => ({
      lines: ['Vary: Accept-Language', MINUTE],
      shows: headers['accept-language'],
    }),
    steps: [[speaking('once'), { variant: () => 'none', gets: 'once' }], speaking('whole')],
  },
  apart('a header that is missing from one that is empty', 'Vary: X-A', {}, { 'X-A': '' }),
  apart(
    'ab and c from a and bc',
    'Vary: X-A, X-B',
    { 'X-A': 'ab', 'X-B': 'c' },
    { 'X-A': 'a', 'X-B': 'bc' },
  ),
  apart('a value here from a value there', 'Vary: X-A, X-B', { 'X-A': 'x' }, { 'X-B': 'x' }),
  apart('one line from two', 'Vary: X-A', { 'X-A': 'a, b' }, { 'X-A': ['a', 'b'] }),
  apart('values under a name with blanks around it', 'Vary:  X-A ', { 'X-A': 'a' }, { 'X-A': 'b' }),
  {
    title: 'keeps at most 32 pages of a URL, whatever the clients send [K7]',
    answers: () => ({ lines: ['Vary: Accept-Language', MINUTE] }),
    steps: Array.from({ length: FLOOD }, (_, step) => ({
      headers: (client: number) => ({ 'Accept-Language': `x-${step}-${client}` }),
      gets: 'own' as const,
    })),
    stores: 33,
  },
  {
    title: 'gives each origin its own answer if the handler names one [V2]',
    answers: ({ headers }) => ({
      lines: [`Access-Control-Allow-Origin: ${headers.origin ?? 'none'}`, 'Vary: Origin', MINUTE],
    }),
    steps: ['once' as const, { of: 0 }].map((gets) => [
      {
        headers: { Origin: 'https://a.example' },
        variant: () => 'a',
        bears: { 'access-control-allow-origin': 'https://a.example' },
        gets,
      },
      {
        headers: { Origin: 'https://b.example' },
        variant: () => 'b',
        bears: { 'access-control-allow-origin': 'https://b.example' },
        gets,
      },
    ]),
    stores: 3,
  },
];

let start = 0;

/** So many seconds after the first of these. */
const secondsLater = (seconds: number) => (): void => {
  if (seconds === 0) start = Date.now();
  jest.spyOn(Date, 'now').mockReturnValue(start + seconds * 1000);
};

const onTime = (): void => {
  jest.restoreAllMocks();
};

/** What of a head is not replayed, and what is told anew. */
export const HEADS: readonly Sequence[] = [
  {
    title: 'keeps nothing of a hop, of a connection, of a trace or of a limit [V1]',
    answers: () => ({
      lines: [
        'Connection: X-Hop',
        'X-Hop: %run',
        'Keep-Alive: timeout=%run',
        'Proxy-Connection: keep-alive',
        'X-Request-Id: %run',
        'X-Trace-Id: %run',
        'Traceparent: 00-%run',
        'RateLimit-Limit: %run',
        'RateLimit-Remaining: %run',
        'X-RateLimit-Reset: %run',
        'Server-Timing: db;dur=%run',
        'X-End: kept',
        MINUTE,
      ],
    }),
    steps: [
      { gets: 'once' },
      {
        gets: { of: 0 },
        bears: {
          'x-end': 'kept',
          ...Object.fromEntries(
            [
              'x-hop',
              'proxy-connection',
              'x-request-id',
              'x-trace-id',
              'traceparent',
              'ratelimit-limit',
              'ratelimit-remaining',
              'x-ratelimit-reset',
              'server-timing',
              'set-cookie',
            ].map((name) => [name, undefined]),
          ),
        },
      },
    ],
    stores: 1,
  },
  {
    title: 'says how old a page is, and never that it lives longer than it does [V5]',
    answers: () => ({ lines: ['Cache-Control: max-age=60'] }),
    steps: [
      secondsLater(0),
      { gets: 'once' },
      { gets: { of: 1 }, bears: { age: '0' } },
      secondsLater(10.5),
      { gets: { of: 1 }, bears: { age: '10' } },
      secondsLater(59.9),
      { gets: { of: 1 }, bears: { age: '59' } },
      onTime,
    ],
    stores: 1,
  },
  {
    title: 'adds the age that an answer had when it was made [V5]',
    answers: () => ({ lines: ['Cache-Control: max-age=60', 'Age: 20'] }),
    steps: [
      secondsLater(0),
      { gets: 'once' },
      secondsLater(10.5),
      { gets: { of: 1 }, bears: { age: '30' } },
      onTime,
    ],
    stores: 1,
  },
];
