import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import {
  CacheControl,
  CacheKey,
  CachePage,
  CacheTTL,
  Condition,
  InvalidateTags,
  PageCache,
  VaryOn,
  VaryOnCookie,
  VaryOnHeaders,
  user,
  type CacheBackend,
  type CacheModuleOptions,
  type Payload,
} from 'nestjs-cache-framework';
import type { HttpApp } from '../http/http-app.js';
import { GRAPHQL_SERVERS, dataOf, post, startGraphql, type GraphqlServer } from './graphql-app.js';
import { standing } from './places.js';

const typeDefs = `
  type Query {
    tagged(id: Int!): Int
    untagged: Int
    shared: Int
    passed(fresh: Boolean!): Int
    failing: Int
    stale: Int
    byHeader: Int
    byCookie: Int
    byUser: Int
    byFunction: Int
    decorated: Int
  }
  type Mutation { change: Int, refuse: Int, decorated: Int }
`;

let runs = 0;

@Resolver()
class Queries {
  @Query('tagged')
  @CachePage('5m', { tags: (context) => [`cat:${context.getArgByIndex<{ id: number }>(1).id}`] })
  @CacheKey((context) => `cat ${context.getArgByIndex<{ id: number }>(1).id}`)
  tagged(@Args('id') _id: number): number {
    return ++runs;
  }

  @Query('untagged')
  @CacheKey(() => 'untagged')
  untagged(): number {
    return ++runs;
  }

  @Query('shared')
  @CachePage('5m', { shared: true })
  @CacheKey(() => 'shared')
  shared(): number {
    return ++runs;
  }

  @Query('passed')
  @CachePage('5m', { unless: (context) => context.getArgByIndex<{ fresh: boolean }>(1).fresh })
  @CacheKey(() => 'passed')
  passed(): number {
    return ++runs;
  }

  @Query('failing')
  @CachePage('5m', {
    tags: () => {
      throw new Error('no tags today');
    },
  })
  @CacheKey(() => 'failing')
  failing(): number {
    return ++runs;
  }

  @Query('stale')
  @CachePage('5m', { staleIfError: '1h', staleWhileRevalidate: '1m' })
  @CacheKey(() => 'stale')
  stale(): number {
    return ++runs;
  }

  @Query('byHeader')
  @VaryOnHeaders('Accept-Language')
  @CacheKey(() => 'byHeader')
  byHeader(): number {
    return ++runs;
  }

  @Query('byCookie')
  @VaryOnCookie('currency')
  @CacheKey(() => 'byCookie')
  byCookie(): number {
    return ++runs;
  }

  @Query('byUser')
  @VaryOn(user((found) => (found as { id: string }).id))
  @CacheKey(() => 'byUser')
  byUser(): number {
    return ++runs;
  }

  @Query('byFunction')
  @VaryOn(() => 'tenant')
  @CacheKey(() => 'byFunction')
  byFunction(): number {
    return ++runs;
  }

  @Query('decorated')
  @CacheControl({ public: true, maxAge: 60 })
  @Condition({ etag: () => 'etag', lastModified: () => new Date(0) })
  @VaryOnHeaders('Accept-Language')
  decorated(): number {
    return ++runs;
  }

  @Mutation('change')
  @InvalidateTags('cat:1')
  change(): number {
    return ++runs;
  }

  @Mutation('refuse')
  @InvalidateTags('cat:1')
  refuse(): never {
    throw new Error('refused');
  }

  @Mutation('decorated')
  @CacheControl({ public: true, maxAge: 60 })
  @Condition({ etag: () => 'etag', lastModified: () => new Date(0) })
  @CacheTTL(60)
  changeDecorated(): number {
    return ++runs;
  }
}

let http: HttpApp;

async function start(server: GraphqlServer, cache?: CacheModuleOptions): Promise<void> {
  http = await startGraphql(server, {
    typeDefs,
    ...(cache ? { cache } : {}),
    providers: [Queries, ...standing('globally').providers],
  });
}

/** The numbers that the operations are answered with. */
async function numbers(
  operations: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const operation of operations) {
    const data = (await dataOf(post(http, operation, { headers }))) as object;
    answers.push(Object.values(data)[0]);
  }
  return answers;
}

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

describe.each(GRAPHQL_SERVERS)('the value of a query with tags, on %s', (server) => {
  it('is gone after a mutation that invalidates one of them, and others stay', async () => {
    await start(server);
    const [one, other] = ['{ tagged(id: 1) }', '{ tagged(id: 2) }'];

    const before = await numbers([one, other, one, other]);
    const after = await numbers(['mutation { change }', one, other]);

    expect(before).toEqual([1, 2, 1, 2]);
    expect(after).toEqual([3, 4, 2]);
  });

  it('stays if the mutation fails', async () => {
    await start(server);

    await numbers(['{ tagged(id: 1) }']);
    await post(http, 'mutation { refuse }');

    expect(await numbers(['{ tagged(id: 1) }'])).toEqual([1]);
  });
});

describe('the value of a query', () => {
  it.each<[string, (pages: PageCache) => Promise<void>]>([
    ['its key', (pages) => pages.invalidateKey('untagged')],
    ['its resolver', (pages) => pages.invalidateRoute(Queries, 'untagged')],
  ])('is removed by %s, as pages are', async (_what, invalidate) => {
    await start('Apollo on Express');
    await numbers(['{ untagged }', '{ tagged(id: 1) }']);

    await invalidate(http.app.get(PageCache));

    expect(await numbers(['{ untagged }', '{ tagged(id: 1) }'])).toEqual([3, 2]);
  });

  it('is for everybody if it is declared to be', async () => {
    await start('Apollo on Express');
    const headers = { Authorization: 'Bearer alice', Cookie: 'sid=alice', 'X-Api-Key': 'alice' };

    const answers = [
      ...(await numbers(['{ shared }'], headers)),
      ...(await numbers(['{ shared }'])),
    ];

    expect(answers).toEqual([1, 1]);
    expect(http.log.said()).toEqual([]);
  });

  it('is for those whose cookies do not say who they are, where it is known which do', async () => {
    await start('Apollo on Express', { http: { identityCookies: ['sid'] } });

    const strangers = await numbers(['{ untagged }', '{ untagged }'], { Cookie: 'theme=dark' });
    const alice = await numbers(['{ untagged }'], { Cookie: 'theme=dark; sid=alice' });

    expect([...strangers, ...alice]).toEqual([1, 1, 2]);
  });

  it('is neither used nor kept where "unless" says so', async () => {
    await start('Apollo on Express');

    expect(
      await numbers([
        '{ passed(fresh: false) }',
        '{ passed(fresh: true) }',
        '{ passed(fresh: false) }',
      ]),
    ).toEqual([1, 2, 1]);
  });

  it('is not kept if its tags cannot be told, which is logged once', async () => {
    await start('Apollo on Express');

    expect(await numbers(['{ failing }', '{ failing }'])).toEqual([1, 2]);
    expect(http.log.said()).toEqual([expect.stringContaining('The error was: no tags today.')]);
  });

  it.each(['byHeader', 'byCookie', 'byUser', 'byFunction'])(
    'is not kept where more is declared than the key holds: %s',
    async (query) => {
      await start('Apollo on Express');

      expect(await numbers([`{ ${query} }`, `{ ${query} }`])).toEqual([1, 2]);
      expect(http.log.said()).toEqual([
        `Queries.${query} is not cached: what it varies on by @VaryOn() belongs into the key that the function of @CacheKey() makes.`,
      ]);
    },
  );

  it('is kept without what only pages have, which is logged once', async () => {
    await start('Apollo on Express');

    expect(await numbers(['{ stale }', '{ stale }'])).toEqual([1, 1]);
    expect(http.log.said()).toEqual([
      'Queries.stale is cached without "staleIfError", "staleWhileRevalidate" of @CachePage(), which only pages have.',
    ]);
  });

  it('is that of one site, where sites that share a cache have prefixes', async () => {
    const backend = mapBackend();
    const ask = async (keyPrefix: string): Promise<unknown[]> => {
      await start('Apollo on Express', { backend, http: { keyPrefix } });
      return numbers(['{ untagged }', '{ untagged }']);
    };

    const one = await ask('one');
    await http.close();
    const two = await ask('two');
    await http.close();
    const again = await ask('one');

    expect([one, two, again]).toEqual([
      [1, 1],
      [2, 2],
      [1, 1],
    ]);
  });
});

describe.each(GRAPHQL_SERVERS)('decorators of pages, on %s', (server) => {
  it('change neither queries nor mutations, nor the headers of their answer', async () => {
    await start(server);

    const answers = await numbers([
      '{ decorated }',
      '{ decorated }',
      'mutation { decorated }',
      'mutation { decorated }',
    ]);
    const { headers } = await post(http, '{ decorated }', {
      headers: { 'If-None-Match': '"etag"' },
    });

    expect(answers).toEqual([1, 2, 3, 4]);
    expect(headers['cache-control'] ?? 'no-store').toBe('no-store');
    expect(headers['last-modified']).toBeUndefined();
    expect(http.log.errors()).toEqual([]);
  });
});

function mapBackend(): CacheBackend {
  const entries = new Map<string, Payload>();
  return {
    name: 'map',
    get: async (key) => entries.get(key),
    set: async (key, payload) => {
      entries.set(key, payload);
      return true;
    },
    add: async (key, payload) => {
      if (entries.has(key)) return false;
      entries.set(key, payload);
      return true;
    },
    touch: async () => false,
    delete: async (key) => entries.delete(key),
    clear: async () => {
      entries.clear();
    },
  };
}
