import type { Answers } from './security-scene.js';
import type { Ask, Outcome, Sequence } from './security-sequence.js';

const MINUTE = 'Cache-Control: max-age=60';

/** A handler that puts into its answer whatever it is told about the address. */
const echoes: Answers = ({ headers, query, url }) => ({
  lines: [MINUTE],
  shows: {
    url,
    host: headers.host,
    forwarded: headers['x-forwarded-host'] ?? headers['forwarded'] ?? 'none',
    callback: query['callback'] ?? 'none',
  },
});

/** Asks of which each has a page of its own, whatever they have in common. */
function apart(asks: readonly Omit<Ask, 'gets'>[]): Sequence['steps'] {
  const all = (gets: (index: number) => Outcome): Ask[] =>
    asks.map((ask, index) => ({ ...ask, variant: () => String(index), gets: gets(index) }));
  return [all(() => 'once'), all(() => ({ of: 0 })), all(() => ({ of: 0 })).toReversed()];
}

const sent = (
  ...lines: readonly (readonly [name: string, value: string])[]
): Omit<Ask, 'gets'> => ({
  headers: Object.fromEntries(lines),
});

/** Where a page stands. */
export const ADDRESSES: readonly Sequence[] = [
  {
    title: 'tells hosts apart [W6 K1]',
    answers: echoes,
    steps: apart([
      sent(['Host', 'a.example']),
      sent(['Host', 'b.example']),
      sent(['Host', 'a.example:8080']),
      sent(['Host', 'a.example.']),
    ]),
    stores: 4,
  },
  {
    title: 'takes a host for the same, however it is spelt [K1]',
    answers: () => ({ lines: [MINUTE] }),
    steps: [
      { headers: { Host: 'a.example' }, gets: 'once' },
      { headers: { Host: 'A.Example' }, gets: { of: 0 } },
    ],
    stores: 1,
  },
  {
    title: 'gives no answer that was made for a forwarded host to others [K2]',
    answers: echoes,
    steps: [
      ...apart([
        sent(['X-Forwarded-Host', 'evil']),
        {},
        sent(['Forwarded', 'host=evil']),
        sent(['X-Forwarded-Host', 'evil'], ['X-Forwarded-Proto', 'https']),
      ]),
      { variant: () => '1', gets: { of: 0 } },
    ],
    stores: 4,
  },
  ...[
    'X-Forwarded-Proto',
    'X-Forwarded-Port',
    'X-Forwarded-Prefix',
    'X-Forwarded-Scheme',
    'X-Host',
    'X-Scheme',
  ].map((name): Sequence => ({
    title: `keeps what was made with ${name} apart [S0 K2]`,
    answers: echoes,
    steps: apart([{}, sent([name, 'evil']), sent([name, ''])]),
    stores: 3,
  })),
  {
    title: 'takes the query as it stands [K4]',
    answers: echoes,
    steps: apart(
      [
        '?utm_content=foo',
        '?utm_content=foo;callback=evil',
        '?utm_content=foo&callback=evil',
        '?utm_content=foo%26callback=evil',
        '?callback=evil&utm_content=foo',
        '?callback=evil&callback=none',
        '?a=1&b=1',
        '?b=1&a=1',
        '?',
        '',
      ].map((path) => ({ path })),
    ),
    stores: 10,
  },
  {
    title: 'takes the path as it stands, and believes no extension [K3]',
    answers: ({ headers, url }) => ({
      lines: [url.includes('public') ? MINUTE : 'Cache-Control: private, max-age=60'],
      shows: headers.authorization ?? 'anonymous',
    }),
    steps: [
      '/x.css',
      '/%2e%2e/a.css',
      '..%2fstatic%2fa.css',
      ';x.css',
      '%3bx.js',
      '%00.css',
      '%0a.js',
      '%23.png',
      '%3f.ico',
      '/..%2f..%2fstatic/a.css',
      '?/static/a.css',
      '/a.woff2?v=1',
    ].flatMap((path): Ask[] => [
      { path, headers: (client) => ({ Authorization: `alice ${client}` }), gets: 'own' },
      { path, gets: 'own' },
      { path, gets: 'own' },
    ]),
    stores: 0,
  },
  {
    title: 'takes two spellings of a path for two pages [K3]',
    answers: echoes,
    steps: apart(
      [
        '/public',
        '/%70ublic',
        '/public/x',
        '/public%2fx',
        '/PUBLIC',
        '/public;x',
        '/public.css',
      ].map((path) => ({ path })),
    ),
  },
  {
    title: 'tells two URLs apart that have the same MD5 [K8]',
    answers: echoes,
    steps: apart(['A', 'E'].map((letter) => ({ path: `/${md5Text(letter)}` }))),
    stores: 2,
  },
  {
    title: 'gives nobody what was asked for with the whole URL of another host [K1 K3]',
    answers: echoes,
    steps: [
      {
        url: (token) => `http://evil.example/stage/${token}`,
        headers: { Host: 'a.example' },
        gets: 'anything',
      },
      { headers: { Host: 'a.example' }, gets: 'once' },
      { headers: { Host: 'a.example' }, gets: { of: 1 } },
    ],
  },
  {
    title: 'gives nobody what was asked for with two hosts [K1]',
    answers: echoes,
    steps: [
      { headers: { Host: ['evil.example', 'a.example'] }, gets: 'anything' },
      { headers: { Host: ['a.example', 'evil.example'] }, gets: 'anything' },
      { headers: { Host: 'a.example' }, gets: 'once' },
      { headers: { Host: 'evil.example' }, gets: 'once' },
    ],
    stores: 2,
  },
];

/** Both texts have one MD5. */
function md5Text(letter: string): string {
  return `TEXTCOLLBYfGiJUETHQ4h${letter}cKSMd5zYpgqf1YRDhkmxHkhPWptrkoyz28wnI9V0aHeAuaKnak`;
}

const keyed = (key: string): Ask => ({ headers: { 'X-Key': key }, gets: 'own' });

/** Keys that the application gives. */
export const GIVEN_KEYS: readonly Sequence[] = [
  {
    title: 'completes @CacheKey() by parameters, query and host [W9]',
    url: (token) => `/keyed/${token}`,
    answers: echoes,
    steps: apart([
      { path: '/1' },
      { path: '/2' },
      { path: '/1?x=1' },
      { path: '/1', ...sent(['Host', 'b.example']) },
    ]),
    stores: 4,
  },
  {
    title: 'gives no handler the pages of another that bears the same @CacheKey() [W9]',
    answers: echoes,
    steps: apart(
      ['keyed', 'keyed-too'].map((route) => ({ url: (token) => `/${route}/${token}/1` })),
    ),
    stores: 2,
  },
  {
    title: 'keeps and gives nothing where no key was given [K6]',
    url: (token) => `/made/${token}`,
    answers: echoes,
    steps: [{ gets: 'own' }, { gets: 'own' }, keyed(''), keyed(''), [{ gets: 'own' }, keyed('')]],
    stores: 0,
  },
  ...['throws', 'rejects'].map((how): Sequence => ({
    title: `keeps and gives nothing where the function of the key ${how} [K6]`,
    url: (token) => `/made/${token}`,
    answers: echoes,
    steps: [keyed(how), keyed(how)],
    stores: 0,
  })),
  {
    title: 'tells given keys apart to the last character [K5 K6]',
    url: (token) => `/made/${token}`,
    answers: echoes,
    steps: apart(
      ['2:k', '2:', ':2:k', '2:k ', '2%253Ak', 'x2:k'].map((key) => sent(['X-Key', `${key}.`])),
    ),
    stores: 6,
  },
];
