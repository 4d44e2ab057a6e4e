import { readdirSync } from 'node:fs';
import { expect } from '@jest/globals';
import { encodePage } from '../../../lib/http/stored-page.js';
import { filesBelow } from '../../support/file-place.js';
import { rawCommand } from '../../support/memcached.js';
import type { Act, Ask, Sequence } from './security-sequence.js';
import type { StageApp } from './security-stage.js';

const MINUTE = 'Cache-Control: max-age=60';

/** What a handler may answer that means something to whoever reads it back from a store. */
const BODIES: readonly (readonly [what: string, body: string | Buffer])[] = [
  ['a revived type', '{"$type":"Date","value":0}'],
  [
    'a polluted prototype',
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  ],
  [
    'a pickle',
    Buffer.from('\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07os.exit\x94.', 'latin1'),
  ],
  ['digits', '42'],
  ['a reply of memcached', 'END\r\nVALUE x 0 1\r\na\r\nEND\r\n'],
  [
    'a stored page',
    encodePage('page:x', {
      status: 200,
      fields: [['X-Evil', '1']],
      removed: [],
      storedAt: 0,
      date: 'Thu, 01 Jan 1970 00:00:00 GMT',
      age: 0,
      freshUntil: null,
      stale: { whileRevalidate: 0, ifError: 0 },
      body: Buffer.from('evil'),
    }),
  ],
  ['every byte', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
];

// With brackets, because an object's literal would take it for its prototype.
const POLLUTING = { ['__proto__']: '1', constructor: '2', polluted: '3' };

/** What pages are made of that a store could take for something else. */
export const CONTENTS: readonly Sequence[] = [
  ...BODIES.map(([what, body]): Sequence => ({
    title: `gives back the bytes of ${what} as bytes [T5 T7]`,
    answers: () => ({ lines: [MINUTE, 'Content-Type: application/octet-stream'], body }),
    steps: [
      { gets: 'once' },
      { gets: { of: 0 }, bears: { 'x-evil': undefined } },
      () => {
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      },
    ],
    stores: 1,
  })),
  {
    title: 'touches no prototype, whatever path, query and headers are called [T7]',
    answers: () => ({ lines: [MINUTE] }),
    steps: [
      ...['/__proto__', '/constructor/prototype', '?__proto__[polluted]=1', '?__proto__=1'].flatMap(
        (path, index): Ask[] => [
          { path, headers: POLLUTING, gets: 'once' },
          { path, headers: POLLUTING, gets: { of: 2 * index } },
        ],
      ),
      () => {
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
        expect(Object.keys(Object.prototype)).toEqual([]);
      },
    ],
  },
  ...['constructor', '__proto__'].map((name): Sequence => ({
    title: `keeps pages that vary on a header of the name ${name} [T7]`,
    fails: true,
    answers: () => ({ lines: [MINUTE, `Vary: ${name}`] }),
    steps: [{ gets: 'once' }, { gets: { of: 0 } }],
  })),
];

/** Paths that would lead a careless store out of its directory, or a careless client to a second command. */
const HOSTILE_PATHS = [
  '/../x',
  '/..%2f..%2fx',
  '..:..:escape',
  '/%2e%2e/x',
  '%00',
  '%0d%0aset%20pwn%200%2060%203%0d%0abad',
  `?${'x'.repeat(8_000)}`,
];

const HOSTILE_KEYS = [
  'x%0D%0Aset pwn 0 60 3%0D%0Abad',
  '../x',
  '..:..:escape',
  '%00',
  'x'.repeat(300),
];

const leavesNoTrace: Act = async ({ ground }) => {
  const { files, server } = ground;
  if (files) {
    expect(readdirSync(files.outside)).toEqual(['cache']);
    for (const path of filesBelow(files.directory))
      expect(path).toMatch(/\/[0-9a-f]{64}\.njcache$/);
  }
  if (server) expect(await rawCommand(server.port, 'get pwn')).toBe('END\r\n');
};

/** Addresses and keys that mean something to a store. */
export const HOSTILE: readonly Sequence[] = [
  {
    title: 'reaches nothing but its own entries, whatever the path [T1 T8]',
    answers: () => ({ lines: [MINUTE] }),
    steps: [
      ...HOSTILE_PATHS.flatMap((path, index): Ask[] => [
        { path, gets: 'once' },
        { path, gets: { of: 2 * index } },
      ]),
      leavesNoTrace,
    ],
    stores: HOSTILE_PATHS.length,
  },
  {
    title: 'reaches nothing but its own entries, whatever the key [T1 T8]',
    url: (token) => `/made/${token}`,
    answers: () => ({ lines: [MINUTE] }),
    steps: [
      ...HOSTILE_KEYS.flatMap((key, index): Ask[] => [
        { headers: { 'X-Key': key }, gets: 'once' },
        { headers: { 'X-Key': key }, gets: { of: 2 * index } },
      ]),
      leavesNoTrace,
    ],
    stores: HOSTILE_KEYS.length,
  },
];

/** What a service keeps under keys that look like those of pages. */
const serviceStores: Act = async ({ http }, token) => {
  const forged = encodePage('page:x', {
    status: 200,
    fields: [],
    removed: [],
    storedAt: 0,
    date: 'Thu, 01 Jan 1970 00:00:00 GMT',
    age: 0,
    freshUntil: null,
    stale: { whileRevalidate: 0, ifError: 0 },
    body: Buffer.from('evil'),
  });
  for (const key of ['', 'page:', 'GET ', 'page:GET '].map((start) => `${start}/stage/${token}`)) {
    await http.cache.set(key, { token: 'a secret of a service' });
    await http.cache.set(`${key}?bytes`, forged);
  }
};

/** What else is in the store. */
export const NEIGHBOURS: readonly Sequence[] = [
  {
    title: 'serves nothing that a service stored [W10 T5]',
    answers: () => ({ lines: [MINUTE] }),
    steps: [
      serviceStores,
      { gets: 'once' },
      { path: '?bytes', gets: 'once' },
      [{ path: '?bytes', gets: { of: 2 } }, { gets: { of: 1 } }],
    ],
  },
];

const SECRET = 's3cr3t';

const saysNothing: Act = ({ http }: StageApp) => {
  expect(JSON.stringify(http.log.lines)).not.toContain(SECRET);
};

/** Whom a log line or a header tells what was asked for. */
export const SILENCE: readonly Sequence[] = [
  {
    title: 'tells no log what was asked for and by whom [K9]',
    url: (token) => `/made/${token}`,
    answers: ({ headers }) => ({
      lines: [MINUTE, 'Vary: X-Secret', ...(headers.range ? [`Set-Cookie: sid=%run`] : [])],
    }),
    steps: [
      { path: `?token=${SECRET}`, headers: { 'X-Key': SECRET, 'X-Secret': SECRET }, gets: 'once' },
      { path: `?token=${SECRET}`, headers: { 'X-Key': 'rejects', Cookie: SECRET }, gets: 'own' },
      { path: `?token=${SECRET}`, headers: { Authorization: SECRET }, gets: 'own' },
      { path: `?token=${SECRET}`, headers: { Range: SECRET }, gets: 'own' },
      { method: 'POST', path: `?token=${SECRET}`, gets: 'own' },
      saysNothing,
    ],
  },
];
