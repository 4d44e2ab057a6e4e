import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ForbiddenException, UseGuards, type ExecutionContext, type Type } from '@nestjs/common';
import { Context, Query, Resolver } from '@nestjs/graphql';
import { CacheKey } from 'nestjs-cache-framework';
import type { HttpApp } from '../http/http-app.js';
import {
  GRAPHQL_SERVERS,
  dataOf,
  get,
  post,
  startGraphql,
  type GraphqlServer,
} from './graphql-app.js';
import { standing } from './places.js';
import { connectGraphql } from './ws-client.js';

const typeDefs = 'type Query { cats: Int }';

interface Found {
  user?: string;
  session?: object;
  headers: Record<string, string>;
}

let runs = 0;
let asked = 0;
let allowed = true;
let guarded = 0;

/** A resolver behind a guard that may find out something about the request. */
function resolverThat(finds: (request: Found, context: { user?: string }) => void): Type<unknown> {
  @UseGuards({
    canActivate: (context: ExecutionContext) => {
      guarded += 1;
      if (!allowed) throw new ForbiddenException();
      const shared = context.getArgByIndex<{ req: Found; user?: string }>(2);
      finds(shared.req, shared);
      return true;
    },
  })
  @Resolver()
  class Cats {
    @Query('cats')
    @CacheKey(() => {
      asked += 1;
      return 'cats';
    })
    cats(@Context() _context: object): number {
      return ++runs;
    }
  }
  return Cats;
}

let http: HttpApp;

async function start(
  server: GraphqlServer,
  finds: Parameters<typeof resolverThat>[0] = () => {},
  graphql: object = {},
): Promise<void> {
  http = await startGraphql(server, {
    typeDefs,
    graphql,
    providers: [resolverThat(finds), ...standing('globally').providers],
  });
}

const cats = (headers: Record<string, string | string[]> = {}): Promise<unknown> =>
  dataOf(post(http, '{ cats }', { headers }));

beforeEach(() => {
  runs = 0;
  asked = 0;
  guarded = 0;
  allowed = true;
});

afterEach(async () => {
  await http.close();
});

describe.each(GRAPHQL_SERVERS)('a query of somebody, on %s', (server) => {
  it.each([
    ['Authorization', 'bears Authorization', { Authorization: 'Bearer alice' }],
    ['a cookie', 'bears cookies', { Cookie: 'sid=alice' }],
    ['an API key', 'is known to be from somebody', { 'X-Api-Key': 'alice' }],
  ])('with %s is answered by the resolver, and what it gets is kept for nobody', async (...row) => {
    const [, why, headers] = row;
    await start(server);

    const answers = [await cats(headers), await cats(), await cats(headers), await cats()];

    expect(answers).toEqual([{ cats: 1 }, { cats: 2 }, { cats: 3 }, { cats: 2 }]);
    expect(asked).toBe(2);
    expect(http.log.said()).toEqual([expect.stringContaining(why)]);
    expect(JSON.stringify(http.log.lines)).not.toContain('alice');
  });

  it.each([
    ['the request', (request: Found) => (request.user = 'alice')],
    ['the session', (request: Found) => (request.session = { userId: 'alice' })],
    ['the context', (_request: Found, context: { user?: string }) => (context.user = 'alice')],
  ])('whom a guard found, and put in %s, is answered by the resolver', async (_where, finds) => {
    await start(server, finds);

    expect([await cats(), await cats()]).toEqual([{ cats: 1 }, { cats: 2 }]);
    expect(http.log.said()).toEqual([
      expect.stringContaining('Cats.cats is not cached: the request is known to be from somebody'),
    ]);
  });

  it('asks its guards on a hit too', async () => {
    await start(server);
    await cats();
    await cats();
    allowed = false;

    const refused = await cats();

    expect(refused).toEqual([expect.objectContaining({ message: 'Forbidden' })]);
    expect([guarded, runs]).toEqual([3, 1]);
  });

  it('over a WebSocket is answered by the resolver, where a login may be part of the connection', async () => {
    await start(server);
    await cats();
    const client = await connectGraphql(http.port, { payload: { token: 'alice' } });

    client.send({ id: '1', type: 'subscribe', payload: { query: '{ cats }' } });

    expect(await client.next()).toMatchObject({ payload: { data: { cats: 2 } } });
    await client.close();
    expect(http.log.said()).toEqual([
      expect.stringContaining('the GraphQL context has no request of HTTP in its field "req"'),
    ]);
  });
});

describe.each(['Apollo on Express', 'Apollo on Fastify'] as const)(
  'a context of the application, on %s',
  (server) => {
    it('may hold the request that opened a WebSocket, which is no request for a value', async () => {
      interface Opened {
        extra?: { request: object };
        req?: object;
      }
      const context = (given: Opened): object => ({
        req: given.extra?.request ?? given.req ?? given,
      });
      await start(server, () => {}, { context });
      const client = await connectGraphql(http.port, { payload: { token: 'alice' } });

      client.send({ id: '1', type: 'subscribe', payload: { query: '{ cats }' } });
      await client.next();
      await client.close();

      expect([await cats(), await cats()]).toEqual([{ cats: 2 }, { cats: 2 }]);
      expect(http.log.said()).toEqual([
        expect.stringContaining('the request asks to change the protocol'),
      ]);
    });

    it('may have something else in place of the request, and then nothing is kept', async () => {
      await start(server, () => {}, { context: () => ({ req: { headers: {} } }) });

      expect([await cats(), await cats()]).toEqual([{ cats: 1 }, { cats: 2 }]);
      expect(http.log.said()).toEqual([
        expect.stringContaining('the GraphQL context has no request of HTTP in its field "req"'),
      ]);
    });

    it('may have more beside the request', async () => {
      await start(server, () => {}, { context: () => ({ loaders: {} }) });

      expect([await cats(), await cats()]).toEqual([{ cats: 1 }, { cats: 1 }]);
    });
  },
);

describe('a request that no page would be kept for', () => {
  it.each([
    ['says no-store', { 'Cache-Control': 'no-store' }],
    ['overrides its method', { 'X-HTTP-Method-Override': 'DELETE' }],
    ['asks for a range', { Range: 'bytes=0-1' }],
  ])('gets no value either: it %s', async (_what, headers: Record<string, string>) => {
    await start('Apollo on Express');

    expect([await cats(headers), await cats(headers)]).toEqual([{ cats: 1 }, { cats: 2 }]);
  });

  it('does not make others run the resolver', async () => {
    await start('Apollo on Express');
    await cats();

    const answers = [
      await cats({ 'Cache-Control': 'no-cache', Pragma: 'no-cache' }),
      await dataOf(get(http, '{ cats }')),
    ];

    expect(answers).toEqual([{ cats: 1 }, { cats: 1 }]);
  });
});
