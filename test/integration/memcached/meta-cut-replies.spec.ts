import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { inTime } from '../../support/in-time.js';
import { metaClients } from '../../support/meta-clients.js';
import { EXCHANGES, isSameAnswer, replyBytes } from '../../support/meta-exchanges.js';
import { metaHit } from '../../support/meta-scripted.js';
import type { MetaScript } from '../../support/meta-scripted.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const NEVER_MS = 10_000;
const LARGE = 'a large value; '.repeat(14_000);
const clients = metaClients();

afterEach(() => clients.close());

function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: { code?: unknown }) => error.code ?? error);
}

/** Replies in turn, with one byte a character; ends the first connection where `cut` says, and none after it. */
function cutter(
  replies: readonly string[],
  cut: number,
  end: (socket: Socket) => void,
): MetaScript {
  const sent = new Map<number, Buffer[]>();
  return ({ connection, opaque }, socket) => {
    const before = sent.get(connection) ?? [];
    sent.set(connection, [...before, replyBytes(replies[before.length % replies.length]!, opaque)]);
    const bytes = Buffer.concat(sent.get(connection)!);
    if (before.length + 1 < replies.length) return;
    sent.delete(connection);
    socket.write(connection === 0 ? bytes.subarray(0, cut) : bytes);
    if (connection === 0) end(socket);
  };
}

const ENDS: readonly [name: string, end: (socket: Socket) => void][] = [
  ['closes', (socket) => void socket.end()],
  // Were it reset at once, the bytes before would not be sent.
  ['resets', (socket) => void setImmediate(() => socket.resetAndDestroy())],
];

describe.each(ENDS)('a server that %s the connection after any byte of its reply', (_, end) => {
  it.each(EXCHANGES)('gives no part of $is', async ({ ask, replies, answer }) => {
    // The numbers of the first requests on a connection have one digit: as many characters as "O#" has.
    const bytes = replies.join('').length;
    const wrong: unknown[] = [];

    for (let cut = 0; cut < bytes; cut += 1) {
      const { server } = await clients.scripted(cutter(replies, cut, end));
      const on = clients.commandsTo(server.address, { deadlineMs: NEVER_MS });
      const first = await codeOf(ask(on));
      const second = await codeOf(ask(on));
      if (first !== 'CACHE_CONNECTION_LOST' || !isSameAnswer(second, answer)) {
        wrong.push([cut, first, second]);
      }
    }

    expect(wrong).toEqual([]);
  });
});

describe('a server that closes the connection in the middle', () => {
  it('answers the requests before the cut, and no other', async () => {
    const keys = ['first', 'second', 'third', 'fourth'];
    const replies = keys.map((key) => `VA ${key.length} s${key.length} f16 O#\r\n${key}\r\n`);
    const ends = replies.map((_, index) => replies.slice(0, index + 1).join('').length);
    const wrong: unknown[] = [];

    for (let cut = 0; cut < ends[3]!; cut += 1) {
      const { client } = await clients.scripted(
        cutter(replies, cut, (socket) => socket.end()),
        { deadlineMs: NEVER_MS },
      );
      const answers = await Promise.all(keys.map((key) => codeOf(client.getPayload(key))));
      const right = keys.map((data, index) =>
        ends[index]! <= cut ? { flags: 16, data } : 'CACHE_CONNECTION_LOST',
      );
      if (!isSameAnswer(answers, right)) wrong.push([cut, answers]);
    }

    expect(wrong).toEqual([]);
  });

  it(`gives no part of a value of ${LARGE.length} bytes, which comes in many pieces`, async () => {
    const reply = `VA ${LARGE.length} s${LARGE.length} f16 O#\r\n${LARGE}\r\n`;
    const aroundReadings = [1, 2, 3].flatMap((n) => [-1, 0, 1].map((by) => n * 65_536 + by));
    const step = HEAVY ? 101 : 9_973;
    const cuts = [
      ...Array.from({ length: 60 }, (_, index) => index),
      ...aroundReadings,
      ...Array.from({ length: Math.floor(reply.length / step) }, (_, index) => index * step),
      ...Array.from({ length: 40 }, (_, index) => reply.length - 1 - index),
    ];
    const wrong: unknown[] = [];

    for (const cut of cuts) {
      const { client } = await clients.scripted(
        cutter([reply], cut, (socket) => socket.end()),
        { deadlineMs: NEVER_MS },
      );
      const first = await codeOf(client.getPayload('k'));
      const second = await client.getPayload('k');
      if (first !== 'CACHE_CONNECTION_LOST' || second?.data !== LARGE) wrong.push([cut, first]);
    }

    expect(wrong).toEqual([]);
  }, 120_000);

  it.each([
    ['version', '', ['VERSION 1.6.18\r\n']],
    ['login', 'user:password@', ['STORED\r\n', 'VERSION 1.6.18\r\n']],
  ])('cannot be reached where it does so in its reply to the %s', async (_, login, replies) => {
    const bytes = replies.join('').length;
    const wrong: unknown[] = [];

    for (let cut = 0; cut < bytes; cut += 1) {
      const cutHandshake = cutter(replies, cut, (socket) => socket.end());
      const { server } = await clients.scripted(
        (request, socket) => {
          if (request.index < replies.length) cutHandshake(request, socket);
          else socket.write(metaHit(request));
        },
        {},
        { version: undefined },
      );
      const client = clients.to(`${login}${server.address}`, { deadlineMs: NEVER_MS });
      const first = await codeOf(client.getPayload('k'));
      const second = await codeOf(client.getPayload('k'));
      if (first !== 'CACHE_UNAVAILABLE' || !isSameAnswer(second, { flags: 16, data: 'k' })) {
        wrong.push([cut, first, second]);
      }
    }

    expect(wrong).toEqual([]);
  });

  it('loses what takes several requests at each of them, and leaves nothing half told', async () => {
    const replies = [
      'VA 1 s1 f2 c7 t60 O#\r\n3\r\n',
      'HD s1 f2 c7 t60 O#\r\n',
      'HD c8 O#\r\n',
      'HD s2 f2 c8 t60 O#\r\n',
    ];
    const codes: unknown[] = [];

    for (let answered = 0; answered <= replies.length; answered += 1) {
      const { client } = await clients.scripted(
        ({ index, opaque }, socket) => {
          if (index <= answered) socket.write(replyBytes(replies[index - 1]!, opaque));
          else socket.end();
        },
        { deadlineMs: NEVER_MS },
      );
      codes.push(await codeOf(client.incr('k', -5, 'k')));
    }

    expect(codes).toEqual([...Array(4).fill('CACHE_CONNECTION_LOST'), -2]);
  });
});

describe('a server that falls silent after any byte of its reply', () => {
  it.each(EXCHANGES)('gives no part of $is', async ({ ask, replies, answer }) => {
    const bytes = replies.join('').length;
    const cuts = Array.from({ length: bytes }, (_, cut) => cut);

    const outcomes = await Promise.all(
      cuts.map(async (cut) => {
        const { server } = await clients.scripted(cutter(replies, cut, () => undefined));
        const on = clients.commandsTo(server.address, { deadlineMs: 100 });
        const first = await codeOf(ask(on));
        return [first, isSameAnswer(await codeOf(inTime(() => ask(on))), answer)];
      }),
    );

    expect(outcomes).toEqual(cuts.map(() => ['CACHE_TIMEOUT', true]));
  });
});
