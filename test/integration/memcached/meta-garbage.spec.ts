import { afterEach, describe, expect, it } from '@jest/globals';
import { metaClients } from '../../support/meta-clients.js';
import { EXCHANGES, isSameAnswer, replyBytes } from '../../support/meta-exchanges.js';
import { metaHit } from '../../support/meta-scripted.js';

const clients = metaClients();
const NEVER_MS = 10_000;

afterEach(() => clients.close());

function textAt(index: number): string {
  return `value of k${index}`;
}

/** The error that a call ends with, in short; what it answers otherwise. */
function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch(({ code, message }: { code: unknown; message: string }) => {
    const [, what] = / sent (.*), so the connection was dropped\./.exec(message) ?? [];
    return `${String(code)}: ${what}`;
  });
}

const FOREIGN = 'something that is not the meta protocol';
const UNREADABLE = 'a reply that cannot be read';
const TOO_LONG = 'a line of an impossible length';
const OTHER = 'an answer to another command';
const OTHERS = 'the answer to another request';
const NO_STATS = 'no statistics where they were asked for';

// Text with one character a byte. What is said of it depends on what was asked, where several are given.
const GARBAGE: readonly [name: string, bytes: string, said: readonly string[]][] = [
  ['HTTP', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n', [FOREIGN, NO_STATS]],
  ['the older text protocol', 'VALUE k 16 5\r\nvalue\r\nEND\r\n', [FOREIGN, NO_STATS]],
  ['the protocol of Redis', '-ERR unknown command\r\n', [FOREIGN]],
  ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', [FOREIGN, NO_STATS]],
  ['an alert of TLS', '\u0015\u0003\u0003\0\u0002\u0002\u0046', [FOREIGN]],
  ['the binary protocol', `\u0081${'\0'.repeat(23)}`, [FOREIGN]],
  ['one wrong byte', '\0', [FOREIGN]],
  ['an empty line', '\r\n', [FOREIGN]],
  ['END', 'END\r\n', [FOREIGN]],
  ['another code', 'ZZ O1\r\n', [FOREIGN]],
  ['a line that ends with LF alone', 'HD O1\nHD O2\n', [UNREADABLE]],
  ['two blanks', 'HD  O1\r\n', [UNREADABLE]],
  [
    'a value of another length',
    'VA 1 s1 f16 O1\r\nxyz\r\n',
    ['a value of another length than it said'],
  ],
  ['a negative length', 'VA -1 s-1 f16 O1\r\n\r\n', [UNREADABLE]],
  ['a length of 2^53', 'VA 9007199254740992 s9007199254740992 f16 O1\r\n', [UNREADABLE]],
  [
    'a length of 1 GiB and 1',
    'VA 1073741825 s1073741825 f16 O1\r\n',
    ['a value of 1073741825 bytes'],
  ],
  ['two lengths', 'VA 3 s4 f16 O1\r\nabc\r\n', [UNREADABLE]],
  ['a flag that nobody asked for', 'VA 1 kyek s1 f16 O1\r\nx\r\n', [UNREADABLE]],
  ['the value of another request', 'VA 1 s1 f16 O2\r\nx\r\n', [OTHERS, OTHER, NO_STATS]],
  ['a value without a number', 'VA 1 s1 f16\r\nx\r\n', [OTHERS, OTHER, NO_STATS]],
  ['a line of 1 MiB without an end', 'A'.repeat(1 << 20), [TOO_LONG]],
  ['a line of 1 MiB', `${'A'.repeat(1 << 20)}\r\n`, [TOO_LONG]],
  ['flags of 1 MiB', `HD O${'1'.repeat(1 << 20)}`, [TOO_LONG]],
];

describe.each(GARBAGE)('a memcached server that answers with %s', (_, garbage, said) => {
  it('is found out whatever it was asked, and believed again on another connection', async () => {
    const wrong: unknown[] = [];

    for (const { is, ask, replies, answer } of EXCHANGES) {
      if (garbage === 'END\r\n' && is === 'statistics') continue;
      let at = 0;
      const { server } = await clients.scripted(({ connection, opaque }, socket) => {
        if (connection === 0) socket.write(garbage, 'latin1');
        else socket.write(replyBytes(replies[at++]!, opaque));
      });
      const on = clients.commandsTo(server.address, { deadlineMs: NEVER_MS });
      const first = await outcomeOf(ask(on));
      const second = await outcomeOf(ask(on));
      const isFoundOut = said.some((what) => first === `CACHE_PROTOCOL: ${what}`);
      if (!isFoundOut || !isSameAnswer(second, answer)) wrong.push([is, first, second]);
    }

    expect(wrong).toEqual([]);
  });
});

describe.each([
  ['END', 'END\r\n'],
  ['a miss', 'EN\r\n'],
  ['a numbered miss', 'EN O1\r\n'],
  ['a value', 'VA 1 s1 f16 O2\r\nx\r\n'],
  ['an error', 'ERROR\r\n'],
])('a memcached server that sends %s too much', (_, extra) => {
  it('is believed as far as it was asked, and then on another connection', async () => {
    const wrong: unknown[] = [];

    for (const { is, ask, replies, answer } of EXCHANGES) {
      let at = 0;
      const { server } = await clients.scripted(({ opaque }, socket) => {
        const reply = replyBytes(replies[at++ % replies.length]!, opaque);
        const isLast = at === replies.length;
        socket.write(isLast ? Buffer.concat([reply, Buffer.from(extra)]) : reply);
      });
      const on = clients.commandsTo(server.address, { deadlineMs: NEVER_MS });
      const first = await outcomeOf(ask(on));
      const second = await outcomeOf(ask(on));
      const isRight = isSameAnswer(first, answer) && isSameAnswer(second, answer);
      if (!isRight || server.connections() !== 2) wrong.push([is, first, second]);
    }

    expect(wrong).toEqual([]);
  });
});

describe('a memcached server that misbehaves, for MetaClient', () => {
  it('has no value larger than it may be taken from it', async () => {
    const { client } = await clients.scripted(
      ({ opaque }, socket) => socket.write(`VA 2000 s2000 f0 ${opaque}\r\n`),
      { deadlineMs: NEVER_MS, maxItemBytes: 1_999 },
    );

    await expect(client.getPayload('key')).rejects.toMatchObject({
      code: 'CACHE_PROTOCOL',
      message: expect.stringContaining('a value of 2000 bytes'),
    });
  });

  it.each([
    ['leaves out', (index: number) => (index === 7 ? [] : [index])],
    ['repeats', (index: number) => (index === 7 ? [7, 7] : [index])],
    ['exchanges', (index: number) => (index === 7 ? [8] : index === 8 ? [7] : [index])],
  ])('gives no value to the wrong key when it %s one reply of many', async (_, replies) => {
    const { client } = await clients.scripted((request, socket) => {
      const index = Number(request.words[1]!.slice(1));
      for (const other of replies(index)) {
        const number = Number(request.opaque.slice(1)) + other - index;
        socket.write(metaHit({ ...request, opaque: `O${number}` }, textAt(other)));
      }
    });
    const keys = Array.from({ length: 20 }, (_unused, index) => `k${index}`);

    const answers = await Promise.allSettled(keys.map((key) => client.getPayload(key)));

    const right = answers.filter((answer) => answer.status === 'fulfilled');
    expect(right.map(({ value }) => value?.data)).toEqual(
      right.map((_unused, index) => textAt(index)),
    );
    expect(right.length).toBeLessThanOrEqual(8);
    expect(answers[9]).toMatchObject({
      status: 'rejected',
      reason: { code: expect.stringMatching(/^CACHE_(PROTOCOL|TIMEOUT)$/) },
    });
  });
});
