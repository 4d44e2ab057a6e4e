import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MetaCommands } from '../../../lib/backends/memcached/meta.commands.js';
import { MetaLink } from '../../../lib/backends/memcached/meta.link.js';
import { parseLocation } from '../../../lib/backends/memcached/server-address.js';
import { metaClients } from '../../support/meta-clients.js';
import { EXCHANGES, isSameAnswer, replyBytes } from '../../support/meta-exchanges.js';
import type { MetaScript } from '../../support/meta-scripted.js';

const ROUNDS = process.env['HEAVY'] ? 100_000 : 1_500;
const LIMITS = { connectTimeoutMs: 5_000, deadlineMs: 250, maxItemBytes: 1_000 };
const AT_ONCE = 20;
const REPLIES = EXCHANGES.flatMap(({ replies }) => replies);
const LINE_END = Buffer.from('\r\n');
const clients = metaClients();

afterEach(() => clients.close());

type Random = (below: number) => number;
type Pieces = (readonly [line: Buffer, value: Buffer])[];

/** A reply in two: the line, and the value. */
function piecesOf(reply: Buffer): Pieces[number] {
  const lineEnd = reply.indexOf('\r\n') + 2;
  return [reply.subarray(0, lineEnd), reply.subarray(lineEnd)];
}

/**
 * Does one thing to the replies that no honest server does.
 *
 * What no client could notice is left alone: other bytes of the same length in a value, another number for the item's flags,
 * CAS or time, and bytes lost from a value so that the end of another line comes where the value's end would be.
 */
function mutated(replies: Pieces, random: Random): Buffer {
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
    case 7: {
      const kept = value.subarray(0, random(value.length + 1));
      const rest = Buffer.concat([kept, ...pieces.slice(at + 1).flat()]);
      if (rest.subarray(value.length - 2, value.length).equals(LINE_END)) return whole();
      pieces[at] = [line, kept];
      return whole();
    }
    default: {
      const bytes = whole();
      return bytes.subarray(0, random(bytes.length));
    }
  }
}

/** A server that replies to all exchanges of a connection at once, in two pieces, once it has been asked everything. */
function mutator(randomOf: (connection: number) => Random): MetaScript {
  const asked = new Map<number, Pieces>();
  return ({ connection, opaque }, socket) => {
    const pieces = asked.get(connection) ?? [];
    asked.set(connection, pieces);
    pieces.push(piecesOf(replyBytes(REPLIES[pieces.length]!, opaque)));
    if (pieces.length < REPLIES.length) return;
    asked.delete(connection);
    const random = randomOf(connection);
    const bytes = mutated(pieces, random);
    const cut = random(bytes.length + 1);
    socket.write(bytes.subarray(0, cut));
    // Most servers end the connection then; where one does not, the deadline does.
    setImmediate(() => {
      if (random(50) === 0) socket.write(bytes.subarray(cut));
      else socket.end(bytes.subarray(cut));
    });
  };
}

describe('the meta client, given mutated replies', () => {
  it(
    `gives no wrong answer and leaves no call open in ${ROUNDS} rounds with the seeds 0 to ${ROUNDS - 1}`,
    async () => {
      const wrong: unknown[] = [];
      const before = bytesInBuffers();
      let most = 0;
      let rejected = 0;
      let answered = 0;
      let next = 0;

      const worker = async () => {
        let seed = 0;
        const { server } = await clients.scripted(mutator(() => randomFrom(seed)));
        const [address] = parseLocation(server.address, 'the test');
        while (next < ROUNDS) {
          seed = next++;
          const link = new MetaLink(address!, LIMITS);
          const on = new MetaCommands(link);
          const outcomes = await Promise.allSettled(EXCHANGES.map(({ ask }) => ask(on)));
          link.close();
          outcomes.forEach((outcome, index) => {
            const { is, answer } = EXCHANGES[index]!;
            if (outcome.status === 'rejected') rejected += 1;
            // Any text is good statistics.
            else if (
              is !== 'statistics' &&
              !isSameAnswer(outcome.value, answer) &&
              !isRefusal(is, outcome.value)
            ) {
              wrong.push(`${seed} ${is}: ${inspect(outcome.value, { breakLength: Infinity })}`);
            } else answered += 1;
          });
          most = Math.max(most, bytesInBuffers() - before);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));

      expect(wrong).toEqual([]);
      expect(rejected + answered).toBe(ROUNDS * EXCHANGES.length);
      expect(rejected).toBeGreaterThan(ROUNDS);
      expect(answered).toBeGreaterThan(ROUNDS);
      // Each of the connections had a buffer of 64 KiB to read into, which lasts until it is collected.
      expect(most).toBeLessThan(256 << 20);
    },
    30 * 60_000,
  );
});

/**
 * True if it is what an error line says. Error lines bear no number, so one too many, or at another place, refuses what was
 * not refused. Nobody takes that for a value, and the next reply with a number gives it away.
 */
function isRefusal(what: string, answer: unknown): boolean {
  if (what === 'a set') return answer === false;
  const { is } = (answer ?? {}) as { is?: unknown };
  return answer === 'no number' || is === 'refused';
}

function bytesInBuffers(): number {
  return process.memoryUsage().arrayBuffers;
}

/** Numbers that are the same for the same seed. (mulberry32) */
function randomFrom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e37_79b9);
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
