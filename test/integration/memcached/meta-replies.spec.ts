import { afterEach, describe, expect, it } from '@jest/globals';
import type { MetaClient } from '../../../lib/backends/memcached/meta.client.js';
import { metaClients } from '../../support/meta-clients.js';

const clients = metaClients();

afterEach(() => clients.close());

// All reply lines that memcached's protocol text knows, and what a server of another kind may say. "O#" stands for the
// number of the request.
const REPLIES = [
  'HD O#',
  'HD c7 O#',
  'HD s3 f16 c7 t100 O#',
  'VA 2 O#\r\n42',
  'VA 3 s3 f16 O#\r\nabc',
  'VA 3 s3 f16 c7 O#\r\nabc',
  'VA 3 s3 f16 c7 t100 O#\r\nabc',
  'EN O#',
  'EN',
  'NF O#',
  'NS O#',
  'EX O#',
  'MN',
  'OK',
  'END',
  'STORED',
  'NOT_STORED',
  'EXISTS',
  'NOT_FOUND',
  'DELETED',
  'TOUCHED',
  '42',
  'VERSION 1.6.18',
  'STAT pid 1\r\nEND',
  'BUSY currently processing reassign request',
  'ERROR',
  'CLIENT_ERROR bad command line format',
  'SERVER_ERROR out of memory reading request',
] as const;

type Reply = (typeof REPLIES)[number];
type Ask = (client: MetaClient) => Promise<unknown>;

const ABC = { flags: 16, data: 'abc' };

// What each request answers to the replies that are meant for it. `CACHE_BACKEND` is an error that a server may answer to
// anything; whatever is not here is no reply to the request, and ends the connection.
const ASKED: readonly [name: string, ask: Ask, answers: Partial<Record<Reply, unknown>>][] = [
  [
    'getPayload()',
    (client) => client.getPayload('k'),
    { 'VA 3 s3 f16 O#\r\nabc': ABC, 'EN O#': undefined, EN: undefined },
  ],
  [
    'getPayloads()',
    (client) => client.getPayloads(['k']),
    { 'VA 3 s3 f16 O#\r\nabc': [ABC], 'EN O#': [undefined], EN: [undefined] },
  ],
  [
    'get()',
    (client) => client.get('k'),
    {
      'VA 3 s3 f16 c7 O#\r\nabc': { payload: ABC, cas: 7n },
      'EN O#': undefined,
      EN: undefined,
    },
  ],
  [
    'has()',
    (client) => client.has('k'),
    { 'HD s3 f16 c7 t100 O#': true, 'EN O#': false, EN: false },
  ],
  [
    'ttl()',
    (client) => client.ttl('k'),
    { 'HD s3 f16 c7 t100 O#': 100, 'EN O#': undefined, EN: undefined },
  ],
  [
    'touch()',
    (client) => client.touch('k', 60),
    { 'HD s3 f16 c7 t100 O#': true, 'EN O#': false, EN: false },
  ],
  [
    'store()',
    (client) => client.store('set', 'k', ABC, 60),
    {
      'HD O#': true,
      'HD c7 O#': true,
      'HD s3 f16 c7 t100 O#': true,
      'NF O#': false,
      'NS O#': false,
      'EX O#': false,
      'SERVER_ERROR out of memory reading request': false,
    },
  ],
  [
    'store() with "add"',
    (client) => client.store('add', 'k', ABC, 60),
    { 'HD c7 O#': true, 'SERVER_ERROR out of memory reading request': false },
  ],
  [
    'delete()',
    (client) => client.delete('k'),
    {
      'HD O#': true,
      'HD c7 O#': true,
      'HD s3 f16 c7 t100 O#': true,
      'NF O#': false,
      'EX O#': false,
    },
  ],
  ['incr()', (client) => client.incr('k', 1, 'k'), { 'VA 2 O#\r\n42': 42, 'NF O#': undefined }],
  ['stats()', (client) => client.stats(), { END: {}, 'STAT pid 1\r\nEND': { pid: '1' } }],
  ['flush()', (client) => client.flush(), { OK: undefined }],
  ['ping()', (client) => client.ping(), { MN: undefined }],
];

const ERRORS: ReadonlySet<Reply> = new Set([
  'ERROR',
  'CLIENT_ERROR bad command line format',
  'SERVER_ERROR out of memory reading request',
]);
// Sent with a value, so that a server that did not understand them answers once more.
const WITH_VALUE = /^store/;
// More than one exchange, so that these replies lead to another question; see meta-wire.spec.ts.
const GO_ON: Readonly<Record<string, readonly Reply[]>> = {
  'store() with "add"': ['NS O#', 'EX O#', 'NF O#'],
  'incr()': ['EX O#'],
};

describe.each(ASKED)('%s of MetaClient', (name, ask, answers) => {
  const replies = REPLIES.filter((reply) => !GO_ON[name]?.includes(reply));

  it('takes the replies that are meant for it, and no others', async () => {
    const seen: [Reply, unknown][] = [];
    const connections: [Reply, number][] = [];

    for (const reply of replies) {
      const { client, server } = await clients.scripted((request, socket) => {
        const isAsked = request.connection === 0 && request.index === 1;
        socket.write(isAsked ? `${reply.replace('O#', request.opaque)}\r\n` : 'MN\r\n');
      });
      seen.push([reply, await ask(client).catch((error: { code: string }) => error.code)]);
      // A connection that is still believed is used again.
      await client.ping();
      connections.push([reply, server.connections()]);
    }

    const isError = (reply: Reply) => ERRORS.has(reply);
    expect(seen).toEqual(
      replies.map((reply) => {
        if (reply in answers) return [reply, answers[reply]];
        return [reply, isError(reply) ? 'CACHE_BACKEND' : 'CACHE_PROTOCOL'];
      }),
    );
    expect(connections).toEqual(
      replies.map((reply) => {
        const isLost = WITH_VALUE.test(name) && isError(reply) && !reply.startsWith('SERVER');
        return [reply, (reply in answers || isError(reply)) && !isLost ? 1 : 2];
      }),
    );
  });
});
