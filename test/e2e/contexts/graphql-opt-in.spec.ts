import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Module,
  type DynamicModule,
  type Provider,
  type Type,
} from '@nestjs/common';
import {
  GraphQLModule,
  Mutation,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { ApolloDriver } from '@nestjs/apollo';
import { CacheKey, CacheTTL, NeverCache } from 'nestjs-cache-framework';
import { startApp, type HttpApp } from '../http/http-app.js';
import { GRAPHQL_SERVERS, dataOf, post, startGraphql, type GraphqlServer } from './graphql-app.js';
import { itemsOf, standing } from './places.js';
import { connectGraphql } from './ws-client.js';

let runs = 0;
let http: HttpApp;

async function start(
  server: GraphqlServer,
  typeDefs: string,
  providers: Provider[],
  options: Partial<Parameters<typeof startGraphql>[1]> = {},
): Promise<void> {
  http = await startGraphql(server, {
    typeDefs,
    ...options,
    providers: [...providers, ...standing('globally').providers],
  });
}

async function answersOf(...operations: string[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const operation of operations) answers.push(await dataOf(post(http, operation)));
  return answers;
}

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

describe.each(GRAPHQL_SERVERS)(
  'a key function on something else than a root query, on %s',
  (server) => {
    const typeDefs = `
    type Cat { id: Int, toy: Int, home: Query }
    type Query { cat: Cat, count: Int }
    type Mutation { rename: Int, cat: Cat }
    type Subscription { renamed: Int }
  `;

    @Resolver('Cat')
    class Cats {
      @Query('cat')
      cat(): object {
        return { id: 1 };
      }

      @Query('count')
      @CacheKey(() => 'count')
      count(): number {
        return ++runs;
      }

      @Mutation('rename')
      @CacheKey(() => 'rename')
      rename(): number {
        return ++runs;
      }

      @Mutation('cat')
      changed(): object {
        return { id: 1 };
      }

      @Subscription('renamed')
      @CacheTTL(60)
      @CacheKey(() => 'renamed')
      async *renamed(): AsyncGenerator<object> {
        yield { renamed: ++runs };
      }

      @ResolveField('toy')
      @CacheKey(() => 'toy')
      toy(): number {
        return ++runs;
      }

      @ResolveField('home')
      home(): object {
        return {};
      }
    }

    it.each([
      ['a mutation', 'mutation { rename }', 'rename', 'it is a mutation'],
      ['a field of another type', '{ cat { toy } }', 'toy', 'it is no root query'],
      [
        'the query type below a query',
        '{ cat { home { count } } }',
        'count',
        'it is no root query',
      ],
      [
        'the query type in a mutation',
        'mutation { cat { home { count } } }',
        'count',
        'it is no root',
      ],
    ])('leaves it alone, and says so once: %s', async (_what, operation, handler, why) => {
      await start(server, typeDefs, [Cats]);

      const answers = await answersOf(operation, operation, operation);

      expect(answers.map((answer) => /\d/.exec(JSON.stringify(answer))![0])).toEqual([
        '1',
        '2',
        '3',
      ]);
      expect(http.log.said()).toEqual([
        expect.stringContaining(`Cats.${handler} is not cached: ${why}`),
      ]);
      expect(await itemsOf(http)).toBe(0);
    });

    it('leaves it alone, and says so once: a subscription', async () => {
      await start(server, typeDefs, [Cats]);
      const client = await connectGraphql(http.port);
      const events: unknown[] = [];

      for (const id of ['1', '2']) {
        client.send({ id, type: 'subscribe', payload: { query: 'subscription { renamed }' } });
        events.push(await client.next(), await client.next());
      }
      await client.close();

      expect(events).toMatchObject([
        { id: '1', payload: { data: { renamed: 1 } } },
        { id: '1', type: 'complete' },
        { id: '2', payload: { data: { renamed: 2 } } },
        { id: '2', type: 'complete' },
      ]);
      expect(http.log.said()).toEqual([
        expect.stringContaining('Cats.renamed is not cached: it is a subscription'),
      ]);
    });
  },
);

describe('a query that asks to be cached', () => {
  const typeDefs = 'type Query { named: Int, timed: Int, keyless: Int, failing: Int, never: Int }';

  @Resolver()
  class Queries {
    @Query('named')
    @CacheKey('named')
    named(): number {
      return ++runs;
    }

    @Query('timed')
    @CacheTTL(60)
    timed(): number {
      return ++runs;
    }

    @Query('keyless')
    @CacheKey(() => undefined)
    keyless(): number {
      return ++runs;
    }

    @Query('failing')
    @CacheKey(() => {
      throw new Error('no key today');
    })
    failing(): number {
      return ++runs;
    }

    @NeverCache()
    @Query('never')
    @CacheKey(() => 'never')
    never(): number {
      return ++runs;
    }
  }

  it.each([
    ['named', 'a query needs @CacheKey() with a function that makes a key of its arguments'],
    ['timed', 'a query needs @CacheKey() with a function that makes a key of its arguments'],
    ['keyless', '@CacheKey() gave no key for the request'],
    ['failing', 'The error was: no key today.'],
  ])('runs each time without a key of its own, which is logged once: %s', async (query, why) => {
    await start('Apollo on Express', typeDefs, [Queries]);

    const answers = await answersOf(...Array<string>(3).fill(`{ ${query} }`));

    expect(answers).toEqual([{ [query]: 1 }, { [query]: 2 }, { [query]: 3 }]);
    expect(http.log.said()).toEqual([expect.stringContaining(why)]);
    expect(http.log.said()[0]).toContain(`Queries.${query} is not cached: `);
    expect(http.log.errors()).toEqual([]);
  });

  it('runs each time under @NeverCache(), without a word', async () => {
    await start('Apollo on Express', typeDefs, [Queries]);

    expect(await answersOf('{ never }', '{ never }')).toEqual([{ never: 1 }, { never: 2 }]);
    expect(http.log.said()).toEqual([]);
  });
});

/** An endpoint whose resolver bears the same names as that of any other such endpoint. */
function endpoint(path: string, by: 'class' | 'factory'): (Type<unknown> | DynamicModule)[] {
  @Resolver()
  class CatsResolver {
    @Query('cat')
    @CacheKey(() => 'cat')
    cat(): string {
      return `${path} in run ${++runs}`;
    }
  }

  const factory = { provide: 'cats', useFactory: () => new CatsResolver() };

  @Module({ providers: [by === 'class' ? CatsResolver : factory] })
  class CatsModule {}

  const graphql = GraphQLModule.forRoot({
    driver: ApolloDriver,
    path,
    include: [CatsModule],
    typeDefs: 'type Query { cat: String }',
    graphiql: false,
  });
  return [CatsModule, graphql];
}

describe('the keys of queries', () => {
  const typeDefs = 'type Query { one: String, other: String, third: String }';

  @Resolver()
  class Queries {
    @Query('one')
    @CacheKey(() => '/page')
    one(): string {
      return `one in run ${++runs}`;
    }

    @Query('other')
    @CacheKey(() => '/page')
    other(): string {
      return `other in run ${++runs}`;
    }
  }

  @Resolver()
  class More {
    @Query('third')
    @CacheKey(() => '/page')
    one(): string {
      return `third in run ${++runs}`;
    }
  }

  @Controller()
  class Pages {
    @Get('page')
    @CacheTTL(60)
    @CacheKey(() => '/page')
    page(): string {
      return `page in run ${++runs}`;
    }
  }

  it('are neither those of other queries, nor of pages, nor of services', async () => {
    await start('Apollo on Express', typeDefs, [Queries, More], { controllers: [Pages] });
    await http.cache.set('/page', 'a value of a service');

    const operation = '{ one other third }';
    const answers = await answersOf(operation, operation);
    const page = await http.ask('/page');

    const first = { one: 'one in run 1', other: 'other in run 2', third: 'third in run 3' };
    expect(answers).toEqual([first, first]);
    expect(page).toMatchObject({ cache: 'MISS', body: 'page in run 4' });
    expect(await http.cache.get('/page')).toBe('a value of a service');
  });

  it.each(['class', 'factory'] as const)(
    'are never shared by classes of one name at two endpoints, of which neither is cached: the other by a %s',
    async (by) => {
      http = await startApp('express', {
        imports: [...endpoint('/public', 'class'), ...endpoint('/admin', by)],
        providers: standing('globally').providers,
      });
      const body = JSON.stringify({ query: '{ cat }' });
      const headers = { 'Content-Type': 'application/json' };
      const answers: string[] = [];

      for (const path of ['/public', '/admin', '/public', '/admin']) {
        answers.push((await http.ask(path, { method: 'POST', headers, body })).body.trim());
      }

      expect(answers).toEqual([
        '{"data":{"cat":"/public in run 1"}}',
        '{"data":{"cat":"/admin in run 2"}}',
        '{"data":{"cat":"/public in run 3"}}',
        '{"data":{"cat":"/admin in run 4"}}',
      ]);
      expect(http.log.said()).toEqual([
        expect.stringContaining('CatsResolver.cat is not cached: another class of the same name'),
        expect.stringContaining('CatsResolver.cat is not cached: another class of the same name'),
      ]);
    },
  );
});
