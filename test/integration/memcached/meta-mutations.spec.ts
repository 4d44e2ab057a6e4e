import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MetaClient } from '../../../lib/backends/memcached/meta.client.js';
import { metaClients } from '../../support/meta-clients.js';
import type { MetaScriptedRequest } from '../../support/meta-scripted.js';

const ROUNDS = process.env['HEAVY'] ? 100_000 : 400;
const AT_ONCE = 20;
const clients = metaClients();
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => void unhandled.push(reason);

beforeEach(() => {
  process.on('unhandledRejection', onUnhandled);
});
afterEach(async () => {
  process.off('unhandledRejection', onUnhandled);
  await clients.close();
});

// Every kind of request, with what is to come out.
const VALUES = [
  '',
  'x',
  'EN O3\r\nHD O4',
  'VA 2 s2 f16 O5\r\n',
  'né 日本',
  'y'.repeat(150),
  '\r\n',
];
const ASKED: readonly [ask: (client: MetaClient) => Promise<unknown>, answer: unknown][] = [
  ...VALUES.map((data, index): [(client: MetaClient) => Promise<unknown>, unknown] => [
    (client) => client.getPayload(`v${index}`),
    { flags: 16, data },
  ]),
  [(client) => client.getPayload('missing'), undefined],
  [(client) => client.get('v1'), { payload: { flags: 16, data: 'x' }, cas: 1_234_567n }],
  [(client) => client.store('set', 'stored', { flags: 16, data: 'data' }, 60), true],
  [(client) => client.store('set', 'other', { flags: 16, data: 'data' }, 60, 5n), false],
  [(client) => client.has('v5'), true],
  [(client) => client.ttl('v5'), 100],
  [(client) => client.getPayload('v6'), { flags: 16, data: '\r\n' }],
  [
    (client) => client.getPayloads(['v1', 'missing', 'v2']),
    [{ flags: 16, data: 'x' }, undefined, { flags: 16, data: VALUES[2] }],
  ],
  [(client) => client.delete('v1'), true],
  [(client) => client.delete('missing'), false],
  [(client) => client.incr('counter', 1, 'counter'), 42],
  [(client) => client.ping(), undefined],
  [(client) => client.getPayload('v5'), { flags: 16, data: VALUES[5] }],
];

/** A reply as an honest server sends it: the line, and the value. */
function replyTo({ words, opaque }: MetaScriptedRequest): readonly [line: string, value: string] {
  const [command, key] = words;
  const data = VALUES[Number(key?.slice(1))];
  const bytes = Buffer.byteLength(data ?? '');
  if (command === 'mn') return ['MN\r\n', ''];
  if (command === 'ma') return [`VA 2 ${opaque}\r\n`, '42\r\n'];
  if (command === 'ms') return [key === 'stored' ? `HD ${opaque}\r\n` : `EX ${opaque}\r\n`, ''];
  if (command === 'md') return [data === undefined ? `NF ${opaque}\r\n` : `HD ${opaque}\r\n`, ''];
  if (data === undefined) return [`EN ${opaque}\r\n`, ''];
  if (words[2] === 's') return [`HD s${bytes} f16 c77 t100 ${opaque}\r\n`, ''];
  const cas = words.includes('c') ? ' c1234567' : '';
  return [`VA ${bytes} s${bytes} f16${cas} ${opaque}\r\n`, `${data}\r\n`];
}

type Pieces = (readonly [line: Buffer, value: Buffer])[];

/**
 * Does one thing to the replies that no honest server does.
 *
 * What no client could notice is left alone: other bytes of the same length in a value, another number for the item's flags,
 * CAS or time.
 */
function mutated(replies: Pieces, random: (below: number) => number): Buffer {
  const pieces = [...replies];
  const at = random(pieces.length);
  const [line, value] = pieces[at]!;
  const somewhere = random(line.length);
  const isInNumber = / [fct]\d*$/.test(line.subarray(0, somewhere).toString('latin1'));
  const place = isInNumber ? 0 : somewhere;
  const junk = Buffer.from(Array.from({ length: 1 + random(6) }, () => random(256)));
  const whole = () => Buffer.concat(pieces.flat());
  switch (random(9)) {
    case 0: {
      const flipped = Buffer.from(line);
      flipped[place]! ^= 1 << random(8);
      pieces[at] = [flipped, value];
      return whole();
    }
    case 1:
      pieces.splice(at, 1);
      return whole();
    case 2:
      pieces.splice(at, 0, pieces[random(pieces.length)]!);
      return whole();
    case 3: {
      const other = random(pieces.length);
      [pieces[at], pieces[other]] = [pieces[other]!, pieces[at]!];
      return whole();
    }
    case 4:
      pieces[at] = [Buffer.concat([line.subarray(0, place), junk, line.subarray(place)]), value];
      return whole();
    case 5:
      pieces[at] = [Buffer.concat([line.subarray(0, place), line.subarray(place + 1)]), value];
      return whole();
    case 6:
      pieces[at] = [line, Buffer.concat([value, junk])];
      return whole();
    case 7:
      pieces[at] = [line, value.subarray(0, random(value.length + 1))];
      return whole();
    default: {
      const bytes = whole();
      return bytes.subarray(0, random(bytes.length));
    }
  }
}

describe('MetaClient, given mutated replies', () => {
  it(
    `gives no wrong value and leaves no call open in ${ROUNDS} rounds`,
    async () => {
      const wrong: unknown[] = [];
      let rejected = 0;
      let next = 0;

      const worker = async () => {
        while (next < ROUNDS) {
          const seed = next++;
          const random = randomFrom(seed);
          const replies: Pieces = [];
          const { client, server } = await clients.scripted(
            (request, socket) => {
              const [line, value] = replyTo(request);
              replies.push([Buffer.from(line, 'latin1'), Buffer.from(value)]);
              if (replies.length < ASKED.length + 2) return;
              const bytes = mutated(replies, random);
              const cut = random(bytes.length + 1);
              socket.write(bytes.subarray(0, cut));
              // Most servers end the connection then; where one does not, the deadline does.
              setImmediate(() => {
                if (random(50) === 0) socket.write(bytes.subarray(cut));
                else socket.end(bytes.subarray(cut));
              });
            },
            { deadlineMs: 250, maxItemBytes: 1_000 },
          );
          const answers = await Promise.allSettled(ASKED.map(([ask]) => ask(client)));
          answers.forEach((answer, index) => {
            if (answer.status === 'rejected') rejected += 1;
            else if (!isSame(answer.value, ASKED[index]![1]))
              wrong.push([seed, index, answer.value]);
          });
          client.close();
          await server.stop();
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));

      expect(wrong).toEqual([]);
      expect(rejected).toBeGreaterThan(ROUNDS);
      expect(unhandled).toEqual([]);
    },
    20 * 60_000,
  );
});

function isSame(a: unknown, b: unknown): boolean {
  return asText(a) === asText(b);
}

function asText(value: unknown): string | undefined {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? `${each}n` : each,
  );
}

/** Numbers that are the same for the same seed. (mulberry32) */
function randomFrom(seed: number): (below: number) => number {
  let state = Math.imul(seed + 1, 0x9e37_79b9);
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
