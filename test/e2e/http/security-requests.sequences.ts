import type { Answers } from './security-scene.js';
import type { Ask, Sequence } from './security-sequence.js';

const MINUTE = 'Cache-Control: max-age=60';

/** The handler of most of these: it tells everybody who they are, and says that this lives for a minute. */
const greets: Answers = ({ headers }) => ({
  lines: [MINUTE],
  shows: headers.authorization ?? headers.cookie ?? headers['x-api-key'] ?? 'anonymous',
});

const bears = (name: string, value: (client: number) => string | string[]): Ask => ({
  headers: (client) => ({ [name]: value(client) }),
  gets: 'own',
});

const signedIn = (name: string): Ask => bears('Authorization', (client) => `${name} ${client}`);

/** Whoever bears this gets an answer of their own, before there is a page and after, and leaves none behind. */
function neverShared(title: string, ask: Ask): Sequence {
  return {
    title,
    answers: greets,
    steps: [ask, { gets: 'once' }, ask, [ask, { gets: { of: 1 } }]],
    stores: 1,
  };
}

/** What bears a sign of who asks, and what a guard thinks of it. */
export const WHO_ASKS: readonly Sequence[] = [
  {
    title: 'gives no answer for one Authorization to another [W1 H1]',
    answers: greets,
    steps: [signedIn('alice'), signedIn('bob')],
    stores: 0,
  },
  {
    title: 'gives none of theirs to who bears none, who may share a page [W1 H1]',
    answers: greets,
    steps: [
      [signedIn('alice'), { gets: 'once' }, signedIn('bob')],
      [{ gets: { of: 0 } }, signedIn('carol')],
    ],
    stores: 1,
  },
  neverShared(
    'takes an empty Authorization for one [H2]',
    bears('Authorization', () => ''),
  ),
  neverShared(
    'takes two Authorizations for one [H2]',
    bears('Authorization', (client) => ['a', `b${client}`]),
  ),
  neverShared(
    'gives who bears a cookie an answer of their own [H3]',
    bears('Cookie', (client) => `t=${client}`),
  ),
  neverShared(
    'takes an empty Cookie for one [H3]',
    bears('Cookie', () => ''),
  ),
  neverShared(
    'gives who bears an API key an answer of their own [H1]',
    bears('X-API-Key', (client) => `k${client}`),
  ),
  neverShared(
    'gives who bears a token an answer of their own [H1]',
    bears('X-Auth-Token', (client) => `k${client}`),
  ),
  {
    title: 'gives no session to another that was made for one who came with a cookie [H3]',
    answers: () => ({ lines: ['Vary: Cookie', 'Set-Cookie: sid=%run', MINUTE] }),
    steps: [
      bears('Cookie', () => 't=1'),
      bears('Cookie', () => 't=1'),
      { gets: 'own' },
      [{ gets: 'own' }, bears('Cookie', () => 't=1')],
    ],
    stores: 0,
  },
  {
    title: 'gives no answer that varies on Authorization or Cookie to another [H11]',
    answers: (asked, run) => ({
      ...greets(asked, run),
      lines: ['Vary: Authorization, Cookie', MINUTE],
    }),
    steps: [
      { gets: 'once' },
      signedIn('bob'),
      bears('Cookie', (client) => `sid=${client}`),
      [signedIn('carol'), { gets: { of: 0 } }, bears('Cookie', () => 'sid=1')],
    ],
  },
  {
    title: 'obeys a guard that refuses, though the page is there [H22]',
    answers: greets,
    refuses: ({ headers }) => headers['x-name'] === 'mallory',
    steps: [
      { gets: 'once' },
      { headers: { 'X-Name': 'mallory' }, status: 403, gets: 'refused' },
      [
        { headers: { 'X-Name': 'mallory' }, status: 403, gets: 'refused' },
        { headers: { 'X-Name': 'alice' }, gets: { of: 0 } },
      ],
      { headers: { 'X-Name': 'mallory', 'If-None-Match': '*' }, status: 403, gets: 'refused' },
    ],
  },
  {
    title: 'obeys a guard that refuses some of those who come before there is a page [H22]',
    answers: greets,
    refuses: ({ headers }) => headers['x-name'] === 'mallory',
    steps: [
      [
        { headers: { 'X-Name': 'mallory' }, status: 403, gets: 'refused' },
        { headers: { 'X-Name': 'alice' }, gets: 'once' },
      ],
      { headers: { 'X-Name': 'mallory' }, status: 403, gets: 'refused' },
    ],
  },
];

const overrides = (name: string, value: string, rule: string): Sequence => {
  const ask: Ask = { headers: { [name]: value }, gets: 'own' };
  return {
    title: `neither keeps nor gives a page where ${name} is sent [${rule}]`,
    answers: greets,
    steps: [ask, { gets: 'once' }, ask, [{ gets: { of: 1 } }, ask]],
    stores: 1,
  };
};

/** Methods, bodies, and headers that override them. */
export const METHODS: readonly Sequence[] = [
  {
    title: 'runs the handler for each POST, whatever it says about its answer [W8 H16]',
    answers: greets,
    steps: [
      { method: 'POST', gets: 'own' },
      { method: 'POST', gets: 'own' },
    ],
    stores: 0,
  },
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method): Sequence => ({
    title: `answers no ${method} from a page, @CacheKey() or not [W8 H16]`,
    url: (token) => `/keyed/${token}/1`,
    answers: greets,
    steps: [
      { gets: 'once' },
      { method, gets: 'own' },
      { method, gets: 'own' },
      [
        { method, gets: 'own' },
        { method, headers: { 'X-HTTP-Method-Override': 'GET' }, gets: 'own' },
      ],
    ],
  })),
  overrides('X-HTTP-Method-Override', 'DELETE', 'H16'),
  overrides('X-HTTP-Method', 'DELETE', 'H16'),
  overrides('X-Method-Override', 'DELETE', 'H16'),
  overrides('X-Original-URL', '/admin', 'S0'),
  overrides('X-Rewrite-URL', '/admin', 'S0'),
  {
    title: 'leaves no empty page after HEAD [H17]',
    answers: greets,
    steps: [{ method: 'HEAD', gets: 'anything' }, { gets: 'whole' }, { gets: 'whole' }],
  },
  {
    title: 'leaves no empty page after HEAD of a stream, whose length nobody knows [H17]',
    answers: () => ({ lines: [MINUTE], ends: 'slow' }),
    steps: [
      { method: 'HEAD', gets: 'anything' },
      [{ gets: 'whole' }, { method: 'HEAD', gets: 'anything' }],
      { gets: 'whole' },
    ],
    stores: 1,
  },
  {
    title: 'answers HEAD from the page of GET [H17]',
    answers: greets,
    steps: [
      { gets: 'once' },
      { method: 'HEAD', gets: { of: 0 } },
      [{ method: 'HEAD', gets: { of: 0 } }, { gets: { of: 0 } }],
    ],
    stores: 1,
  },
  {
    title: 'gives nobody what a GET with a body has brought about [H18]',
    answers: ({ body }) => ({ lines: [MINUTE], shows: body ?? 'clean' }),
    steps: [
      {
        headers: { 'Content-Length': '6', 'Content-Type': 'application/x-www-form-urlencoded' },
        body: 'x=evil',
        gets: 'own',
      },
      {
        headers: {
          'Transfer-Encoding': 'chunked',
          'Content-Type': 'application/x-www-form-urlencoded',
        },
        body: 'x=evil',
        gets: 'own',
      },
      [{ gets: 'once' }, { headers: { 'Content-Length': '6' }, body: 'x=evil', gets: 'own' }],
      { gets: { of: 2 } },
    ],
    stores: 1,
  },
];

const part = (status: number): Sequence => ({
  title: `keeps no part for the whole that the handler answered with ${status} [H15]`,
  answers: ({ headers }) =>
    headers.range === undefined
      ? { lines: [MINUTE] }
      : { status, lines: [MINUTE, 'Content-Range: bytes 0-0/10'] },
  steps: [
    { headers: { Range: 'bytes=0-0' }, status, gets: 'own' },
    [
      { gets: 'once', bears: { 'content-range': undefined } },
      { headers: { Range: 'bytes=0-0' }, status, gets: 'own' },
    ],
    { gets: { of: 1 }, bears: { 'content-range': undefined } },
    { headers: { Range: 'bytes=0-0' }, status, gets: 'own' },
  ],
  stores: 1,
});

/** Ranges and conditions. */
export const CONDITIONS: readonly Sequence[] = [
  part(200),
  part(206),
  {
    title: 'keeps the whole page of who asks with If-None-Match: * [H20]',
    answers: () => ({ lines: [MINUTE, 'ETag: "one"'] }),
    steps: [
      { headers: { 'If-None-Match': '*' }, status: 304, gets: 'once' },
      { gets: { of: 0 } },
      [{ headers: { 'If-None-Match': '*' }, status: 304, gets: { of: 0 } }, { gets: { of: 0 } }],
    ],
    stores: 1,
  },
  {
    title: 'keeps the whole page of who has it already [H20]',
    answers: () => ({ lines: [MINUTE, 'ETag: "one"'] }),
    steps: [
      { headers: { 'If-None-Match': 'W/"one"' }, status: 304, gets: 'once' },
      [{ headers: { 'If-None-Match': '"two"' }, gets: { of: 0 } }, { gets: { of: 0 } }],
    ],
  },
  {
    title: 'keeps no 412, and asks the handler each time with If-Match [H20]',
    answers: ({ headers }) => ({
      lines: [MINUTE, 'ETag: "one"'],
      status: headers['if-match'] === undefined ? 200 : 412,
    }),
    steps: [
      { headers: { 'If-Match': '"two"' }, status: 412, gets: 'own' },
      [{ headers: { 'If-Match': '"two"' }, status: 412, gets: 'own' }, { gets: 'once' }],
      { headers: { 'If-Match': '"two"' }, status: 412, gets: 'own' },
      { gets: { of: 1 } },
    ],
  },
];

const insisting = (name: string, value: string): Ask => ({
  headers: { [name]: value },
  gets: { of: 0 },
});

/** What a request says about caches. */
export const DIRECTIVES: readonly Sequence[] = [
  {
    title: 'keeps nothing for a request that says no-store [H6]',
    answers: greets,
    steps: [
      { headers: { 'Cache-Control': 'No-Store' }, gets: 'own' },
      { headers: { 'Cache-Control': ['max-age=0', 'x , no-store'] }, gets: 'own' },
      { gets: 'once' },
    ],
    stores: 1,
  },
  {
    title: 'lets no client purge what others get [H21]',
    answers: greets,
    steps: [
      { gets: 'once' },
      insisting('Cache-Control', 'no-cache'),
      [
        insisting('Cache-Control', 'max-age=0'),
        insisting('Cache-Control', 'no-store'),
        insisting('Pragma', 'no-cache'),
        { gets: { of: 0 } },
        insisting('Cache-Control', 'no-cache, no-store, must-revalidate'),
      ],
      { gets: { of: 0 } },
    ],
    stores: 1,
  },
  {
    title: 'runs the handler once, however often clients say no-cache [H21]',
    answers: greets,
    steps: [
      { headers: { 'Cache-Control': 'no-cache', Pragma: 'no-cache' }, gets: 'once' },
      ...Array.from({ length: 49 }, () => insisting('Cache-Control', 'no-cache')),
    ],
    stores: 1,
  },
  {
    title: 'makes a page for who asks with only-if-cached, as for all others [H21]',
    answers: greets,
    steps: [
      [{ headers: { 'Cache-Control': 'only-if-cached' }, gets: 'once' }, { gets: 'whole' }],
      insisting('Cache-Control', 'only-if-cached'),
    ],
    stores: 1,
  },
];
