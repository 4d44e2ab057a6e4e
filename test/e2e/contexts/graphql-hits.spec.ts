import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Scope, type ExecutionContext, type Type } from '@nestjs/common';
import {
  Args,
  Field,
  GqlExecutionContext,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
} from '@nestjs/graphql';
import { CacheKey, CacheTTL, type CacheModuleOptions } from 'nestjs-cache-framework';
import { json } from 'nestjs-cache-framework/serializers/json';
import type { HttpApp } from '../http/http-app.js';
import {
  GRAPHQL_SERVERS,
  dataOf,
  get,
  post,
  startGraphql,
  type GraphqlServer,
} from './graphql-app.js';
import { PLACES, itemsOf, standing, type Place } from './places.js';

const typeDefs = `
  type Cat { id: Int!, name: String, run: Int!, born: String, shout: String }
  type Query {
    cat(id: Int!): Cat
    brief: Cat
    asked(id: Int!): Cat
    never: Cat
    nothing: Int
    loose: Int
    dated: Cat
    broken(id: Int!): Cat
    instance: Cat
    returned: Cat
    partly: [Cat]
    inside: Cat
  }
  type Mutation { rename(name: String!): Cat! }
`;

let runs = 0;
let name = 'Tom';

class Instance {
  run = ++runs;
  id = 1;
}

const idOf = (context: ExecutionContext): string =>
  String(GqlExecutionContext.create(context).getArgs<{ id: number }>().id);

function resolversAt(place: Place, scope = Scope.DEFAULT): Type<unknown> {
  const { onClass, onHandler } = standing(place);

  @onClass
  @Resolver('Cat')
  @Injectable({ scope })
  class Cats {
    @onHandler
    @Query('cat')
    @CacheKey(idOf)
    cat(@Args('id') id: number): object {
      return { id, name, run: ++runs };
    }

    @onHandler
    @Query('brief')
    @CacheKey(() => 'brief')
    @CacheTTL('10s')
    brief(): object {
      return { id: 1, run: ++runs };
    }

    @onHandler
    @Query('asked')
    @CacheKey(idOf)
    @CacheTTL((context) => Number(idOf(context)))
    asked(@Args('id') id: number): object {
      return { id, run: ++runs };
    }

    @onHandler
    @Query('never')
    @CacheKey(() => 'never')
    @CacheTTL(0)
    never(): object {
      return { id: 1, run: ++runs };
    }

    @onHandler
    @Query('nothing')
    @CacheKey(() => 'nothing')
    nothing(): null {
      runs += 1;
      return null;
    }

    @onHandler
    @Query('loose')
    loose(): number {
      return ++runs;
    }

    @onHandler
    @Query('dated')
    @CacheKey(() => 'dated')
    dated(): object {
      return { id: 1, run: ++runs, born: new Date(0) };
    }

    @onHandler
    @Query('broken')
    @CacheKey(idOf)
    broken(): never {
      throw new Error(`broken in run ${++runs}`);
    }

    @onHandler
    @Query('returned')
    @CacheKey(() => 'returned')
    returned(): Error {
      return new Error(`broken in run ${++runs}`);
    }

    @onHandler
    @Query('partly')
    @CacheKey(() => 'partly')
    partly(): unknown[] {
      return [{ id: 1, run: ++runs }, new Error(`broken in run ${runs}`)];
    }

    @onHandler
    @Query('inside')
    @CacheKey(() => 'inside')
    inside(): object {
      return { id: 1, run: ++runs, name: new Error(`broken in run ${runs}`) };
    }

    @onHandler
    @Query('instance')
    @CacheKey(() => 'instance')
    instance(): object {
      return new Instance();
    }

    @onHandler
    @Mutation('rename')
    rename(@Args('name') to: string): object {
      name = to;
      return { id: 1, name, run: ++runs };
    }

    @ResolveField('born')
    born(@Parent() cat: { born?: Date }): string | undefined {
      return cat.born?.toISOString();
    }

    @ResolveField('shout')
    shout(@Parent() cat: { name: string }): string {
      // Whoever changes what it got changes it for nobody else.
      cat.name = `${cat.name}!`;
      return cat.name;
    }
  }
  return Cats;
}

let http: HttpApp;

interface StartOptions {
  readonly cache?: CacheModuleOptions;
  readonly scope?: Scope;
  readonly graphql?: object;
}

async function start(
  server: GraphqlServer,
  place: Place = 'globally',
  { cache, scope, graphql = {} }: StartOptions = {},
): Promise<void> {
  http = await startGraphql(server, {
    typeDefs,
    graphql,
    ...(cache ? { cache } : {}),
    providers: [resolversAt(place, scope), ...standing(place).providers],
  });
}

/** What the operations are answered with, one after the other. */
async function answersOf(...operations: string[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const operation of operations) answers.push(await dataOf(post(http, operation)));
  return answers;
}

/** Answers of an operation at each of these moments, in seconds from now. */
async function answersAt(operation: string, seconds: readonly number[]): Promise<unknown[]> {
  const began = Date.now();
  const now = jest.spyOn(Date, 'now');
  const answers: unknown[] = [];
  for (const second of seconds) {
    now.mockReturnValue(began + second * 1000);
    answers.push(...(await answersOf(operation)));
  }
  now.mockRestore();
  return answers;
}

beforeEach(() => {
  runs = 0;
  name = 'Tom';
});

afterEach(async () => {
  await http.close();
});

describe.each(GRAPHQL_SERVERS)('a root query with a key function, on %s', (server) => {
  it.each(PLACES)('runs once for each key, under an interceptor %s [W19]', async (place) => {
    await start(server, place);

    const answers = await answersOf('{ cat(id: 1) { id run } }', '{ cat(id: 1) { id run } }');
    const others = await answersOf('{ cat(id: 2) { id run } }', '{ cat(id: 1) { id run } }');

    expect(answers).toEqual([{ cat: { id: 1, run: 1 } }, { cat: { id: 1, run: 1 } }]);
    expect(others).toEqual([{ cat: { id: 2, run: 2 } }, { cat: { id: 1, run: 1 } }]);
    expect(http.log.errors()).toEqual([]);
    expect(http.log.said()).toEqual([]);
  });

  it('is answered alike by POST and by GET, whatever fields are selected', async () => {
    await start(server);

    const answers = [
      await dataOf(post(http, '{ cat(id: 1) { run } }')),
      await dataOf(get(http, '{ cat(id: 1) { run name } }')),
      await dataOf(get(http, '{ other: cat(id: 1) { name id } }')),
    ];

    expect(answers).toEqual([
      { cat: { run: 1 } },
      { cat: { run: 1, name: 'Tom' } },
      { other: { name: 'Tom', id: 1 } },
    ]);
  });

  it('is kept as a value; the answer to the request is made anew, by POST and by GET', async () => {
    await start(server);
    const operation = '{ cat(id: 1) { run } loose }';

    const answers = [
      await post(http, operation),
      await post(http, operation),
      await get(http, operation),
      await get(http, operation),
    ];

    expect(new Set(answers.map(({ body }) => body)).size).toBe(4);
    expect(new Set(answers.map(({ body }) => /"cat":{"run":\d}/.exec(body)![0])).size).toBe(1);
    expect(answers.map(({ cache }) => cache)).toEqual(Array(4).fill(undefined));
    // The value, and the stamps of its two tags.
    expect(await itemsOf(http)).toBe(3);
  });

  it('has its fields resolved anew on a hit, from a value that nobody else has changed', async () => {
    await start(server);

    const answers = await answersOf(...Array<string>(3).fill('{ cat(id: 1) { run shout } }'));

    expect(answers).toEqual(Array(3).fill({ cat: { run: 1, shout: 'Tom!' } }));
  });

  it('runs once for all who ask at once, in one operation and in many', async () => {
    await start(server);
    const operation = '{ one: cat(id: 1) { run shout } other: cat(id: 1) { run shout } }';

    const answers = await Promise.all(Array.from({ length: 5 }, () => answersOf(operation)));

    const cat = { run: 1, shout: 'Tom!' };
    expect(answers.flat()).toEqual(Array(5).fill({ one: cat, other: cat }));
  });

  it('is not run again by mutations, which run each time', async () => {
    await start(server);
    await answersOf('{ cat(id: 1) { name } }');

    const answers = await answersOf(
      'mutation { rename(name: "Kit") { run } }',
      'mutation { rename(name: "Kit") { run } }',
      '{ cat(id: 1) { name } }',
    );

    expect(answers).toEqual([
      { rename: { run: 2 } },
      { rename: { run: 3 } },
      { cat: { name: 'Tom' } },
    ]);
  });
});

describe('the interceptor in several places', () => {
  it('keeps a value once, and does not wait for itself', async () => {
    const { providers } = standing('globally');

    @(standing('on the class').onClass)
    @Resolver('Cat')
    class Cats {
      @(standing('on the handler').onHandler)
      @Query('cat')
      @CacheKey(idOf)
      cat(): object {
        return { id: 1, run: ++runs };
      }
    }
    http = await startGraphql('Apollo on Express', { typeDefs, providers: [Cats, ...providers] });

    expect(await answersOf('{ cat(id: 1) { run } }', '{ cat(id: 1) { run } }')).toEqual([
      { cat: { run: 1 } },
      { cat: { run: 1 } },
    ]);
    // The value, and the stamps of its two tags.
    expect(await itemsOf(http)).toBe(3);
    expect(http.log.said()).toEqual([]);
  });
});

describe('the value of a query', () => {
  it('lives as long as @CacheTTL() says', async () => {
    await start('Apollo on Express');

    expect(await answersAt('{ brief { run } }', [0, 9, 11])).toEqual([
      { brief: { run: 1 } },
      { brief: { run: 1 } },
      { brief: { run: 2 } },
    ]);
  });

  it('lives as long as the function of @CacheTTL() says', async () => {
    await start('Apollo on Express');

    expect(await answersAt('{ asked(id: 20) { run } }', [0, 19, 21])).toEqual([
      { asked: { run: 1 } },
      { asked: { run: 1 } },
      { asked: { run: 2 } },
    ]);
  });

  it('lives as long as values of the cache do where nothing is said', async () => {
    await start('Apollo on Express', 'globally', { cache: { timeout: 30 } });

    expect(await answersAt('{ cat(id: 1) { run } }', [0, 29, 31])).toEqual([
      { cat: { run: 1 } },
      { cat: { run: 1 } },
      { cat: { run: 2 } },
    ]);
  });

  it.each([
    ['0', '{ never { run } }', 'its timeout is 0'],
    ['0 by a function', '{ asked(id: 0) { run } }', 'its timeout is 0'],
  ])('is not kept for %s seconds, which is logged once', async (_timeout, operation, why) => {
    await start('Apollo on Express');

    await answersOf(operation, operation, operation);

    expect(runs).toBe(3);
    expect(http.log.said()).toEqual([expect.stringContaining(why)]);
  });

  it('is kept if it is null, and with its dates', async () => {
    await start('Apollo on Express');

    const answers = await answersOf(
      '{ nothing dated { run born } }',
      '{ nothing dated { run born } }',
    );

    const dated = { run: 2, born: '1970-01-01T00:00:00.000Z' };
    expect(answers).toEqual([
      { nothing: null, dated },
      { nothing: null, dated },
    ]);
  });

  it('is not an error, of which each is thrown anew', async () => {
    await start('Apollo on Express');

    const answers = await answersOf('{ broken(id: 1) { id } }', '{ broken(id: 1) { id } }');

    expect(answers).toEqual([
      [expect.objectContaining({ message: 'broken in run 1', path: ['broken'] })],
      [expect.objectContaining({ message: 'broken in run 2', path: ['broken'] })],
    ]);
  });

  it.each(['{returned{id}}', '{partly{id run}}', '{inside{id run name}}'])(
    'is not one that holds an error, which is as good as thrown: %s',
    async (query) => {
      await start('Apollo on Express');

      const errors = await answersOf(query, query);

      expect(errors).toEqual([
        [expect.objectContaining({ message: 'broken in run 1' })],
        [expect.objectContaining({ message: 'broken in run 2' })],
      ]);
      expect(http.log.said()).toEqual([]);
    },
  );

  it('is made by each for itself if it cannot be kept, which is logged once', async () => {
    await start('Apollo on Express');
    const operation = '{ one: instance { run } other: instance { run } }';

    const answers = await answersOf(operation, operation);

    expect(answers).toEqual([
      { one: { run: 1 }, other: { run: 2 } },
      { one: { run: 3 }, other: { run: 4 } },
    ]);
    expect(http.log.said()).toEqual([
      expect.stringMatching(/^Cats\.instance is not cached: what it returned cannot be stored/),
    ]);
  });

  it('may be an instance in a cache that keeps those as plain data', async () => {
    await start('Apollo on Express', 'globally', {
      cache: { serializer: json({ instances: 'plain' }) },
    });

    const answers = await answersOf('{ instance { run id } }', '{ instance { run id } }');

    expect(answers).toEqual(Array(2).fill({ instance: { run: 1, id: 1 } }));
  });

  it('stands in the cache "pages" if there is one', async () => {
    await start('Apollo on Express', 'globally', {
      cache: { caches: { default: { timeout: 1 }, pages: { location: 'pages', timeout: 60 } } },
    });

    expect(await answersAt('{ cat(id: 1) { run } }', [0, 59, 61])).toEqual([
      { cat: { run: 1 } },
      { cat: { run: 1 } },
      { cat: { run: 2 } },
    ]);
    expect((await http.cache.stats())[0]!.items).toBe(0);
  });

  it('is kept where operations are compiled', async () => {
    await start('Mercurius on Fastify', 'globally', { graphql: { jit: 1 } });

    const answers = await answersOf(...Array<string>(4).fill('{ cat(id: 1) { run shout } }'));

    expect(answers).toEqual(Array(4).fill({ cat: { run: 1, shout: 'Tom!' } }));
  });

  it('is kept of resolvers that are made for each request', async () => {
    await start('Apollo on Express', 'on the class', { scope: Scope.REQUEST });

    expect(await answersOf('{ cat(id: 1) { run } }', '{ cat(id: 1) { run } }')).toEqual([
      { cat: { run: 1 } },
      { cat: { run: 1 } },
    ]);
  });

  it('is kept of a schema that is made of classes', async () => {
    @ObjectType()
    class Dog {
      @Field(() => Int)
      run!: number;
    }

    @(standing('on the class').onClass)
    @Resolver(() => Dog)
    class Dogs {
      @Query(() => [Dog])
      @CacheKey((context) => JSON.stringify(GqlExecutionContext.create(context).getArgs()))
      dogs(@Args('first', { type: () => Int, defaultValue: 1 }) _first: number): Dog[] {
        return [{ run: ++runs }];
      }
    }
    http = await startGraphql('Apollo on Express', {
      typeDefs: undefined,
      graphql: { autoSchemaFile: true },
      providers: [Dogs],
    });

    expect(
      await answersOf(
        '{ dogs { run } }',
        '{ dogs(first: 1) { run } }',
        '{ dogs(first: 2) { run } }',
      ),
    ).toEqual([{ dogs: [{ run: 1 }] }, { dogs: [{ run: 1 }] }, { dogs: [{ run: 2 }] }]);
  });
});
