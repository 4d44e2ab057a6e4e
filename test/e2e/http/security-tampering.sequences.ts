import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { filesBelow } from '../../support/file-place.js';
import type { Act, Sequence } from './security-sequence.js';

const MINUTE = 'Cache-Control: max-age=60';

const tampering =
  (tampers: (data: Buffer) => Buffer): Act =>
  ({ ground }) => {
    ground.watch.tampers = ({ flags, data }) => ({ flags, data: tampers(Buffer.from(data)) });
  };

const honest: Act = ({ ground }) => {
  ground.watch.tampers = undefined;
};

const FILLER = 'a'.repeat(40);

/** The same number of bytes, some of them others, as a head in JSON has them. Fastify writes names in lower case. */
const replaced =
  (from: string, to: string) =>
  (data: Buffer): Buffer =>
    Buffer.from(
      data.toString('latin1').replace(new RegExp(from, 'i'), to.padEnd(from.length)),
      'latin1',
    );

/** A page whose head is nested so often. */
const nested =
  (depth: number) =>
  (data: Buffer): Buffer => {
    const head = Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    const frame = Buffer.from(data.subarray(0, 8));
    frame.writeUInt32BE(head.length, 4);
    return Buffer.concat([frame, head, data]);
  };

const TAMPERINGS: readonly (readonly [
  what: string,
  rule: string,
  tampers: (data: Buffer) => Buffer,
])[] = [
  ['a header value that splits the answer', 'V4', replaced(FILLER, 'x\\r\\nSet-Cookie: a=b')],
  ['a header value with a NUL', 'V4', replaced(FILLER, 'x\\u0000')],
  ['a header name that splits the answer', 'V4', replaced('X-Filler-Name', 'X\\r\\nX-Evil')],
  ['a cookie', 'V4', replaced('X-Ten-Long', 'Set-Cookie')],
  ['a status that there is not', 'V4', replaced('"status":200', '"status":999')],
  ['a status of no page', 'V4', replaced('"status":200', '"status":101')],
  ['half of its bytes', 'V4', (data) => data.subarray(0, data.length >> 1)],
  ['other bytes after it', 'V4', (data) => Buffer.concat([data, data])],
  ['nothing', 'V4', () => Buffer.alloc(0)],
  ['the key of another page', 'T16', replaced('page:', 'pagf:')],
  ['a head of 100,000 levels', 'T12', nested(100_000)],
];

/** Of these no stamp of a tag is left either, so nothing is kept, and those who ask at once share what one of them was made. */
const LEAVES_NO_STAMPS = new Set(['nothing', 'a head of 100,000 levels']);

/** What a store may give back that was not put into it. */
export const TAMPERED: readonly Sequence[] = TAMPERINGS.map(([what, rule, tampers]) => ({
  title: `takes an entry for none that comes back as ${what} [${rule}]`,
  answers: () => ({ lines: [`X-Filler-Name: ${FILLER}`, 'X-Ten-Long: a=b', MINUTE] }),
  steps: [
    { gets: 'once' },
    tampering(tampers),
    {
      gets: LEAVES_NO_STAMPS.has(what) ? 'once' : 'own',
      bears: { 'set-cookie': undefined, 'x-evil': undefined },
    },
    honest,
    { gets: 'whole', bears: { 'x-filler-name': FILLER } },
  ],
}));

const onFiles =
  (check: (directory: string, outside: string) => void): Act =>
  ({ ground }) => {
    if (ground.files) check(ground.files.directory, ground.files.outside);
  };

/** The entry that was written last. */
function newest(directory: string): string {
  const written = filesBelow(directory).map((path) => [lstatSync(path).mtimeMs, path] as const);
  return written.toSorted(([one], [other]) => one - other).at(-1)![1];
}

/** Pages as files; elsewhere these are sequences like others. */
export const FILES: readonly Sequence[] = [
  {
    title: 'keeps pages where only their owner reads them, whatever the umask [T9]',
    answers: () => ({ lines: [MINUTE] }),
    steps: [
      () => {
        process.umask(0);
      },
      { path: (client) => `/${client}`, variant: String, gets: 'once' },
      () => {
        process.umask(0o022);
      },
      onFiles((directory) => {
        const below = readdirSync(directory, { withFileTypes: true, recursive: true });
        const modes = below.map((each) => [
          each.isDirectory() ? 0o700 : 0o600,
          lstatSync(join(each.parentPath, each.name)).mode & 0o777,
        ]);
        expect(modes.filter(([due, found]) => due !== found)).toEqual([]);
        expect(lstatSync(directory).mode & 0o777).toBe(0o700);
      }),
    ],
  },
  {
    title: 'follows no link that lies where a page was [T10]',
    answers: () => ({ lines: [MINUTE] }),
    steps: [
      { gets: 'once' },
      onFiles((directory, outside) => {
        const victim = join(outside, 'victim');
        writeFileSync(victim, 'mine');
        chmodSync(victim, 0o644);
        const entry = newest(directory);
        rmSync(entry);
        symlinkSync(victim, entry);
      }),
      { gets: 'whole' },
      { gets: 'whole' },
      onFiles((_directory, outside) => {
        const victim = join(outside, 'victim');
        expect(readFileSync(victim, 'utf8')).toBe('mine');
        expect(lstatSync(victim).isSymbolicLink()).toBe(false);
        rmSync(victim);
      }),
    ],
  },
];
