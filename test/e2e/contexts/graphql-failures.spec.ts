import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Query, Resolver } from '@nestjs/graphql';
import {
  CacheKey,
  type CacheBackend,
  type CacheModuleOptions,
  type Serializer,
} from 'nestjs-cache-framework';
import type { HttpApp } from '../http/http-app.js';
import { dataOf, post, startGraphql } from './graphql-app.js';
import { standing } from './places.js';

let runs = 0;
let http: HttpApp;

@Resolver()
class Queries {
  @Query('count')
  @CacheKey(() => 'count')
  async count(): Promise<object> {
    // Long enough for others to wait for it.
    await new Promise(setImmediate);
    return [++runs];
  }
}

const refused = async (): Promise<never> => {
  throw new Error('ECONNREFUSED');
};
const hung = (): Promise<never> => new Promise(() => {});

function backendThat(fails: () => Promise<never>): CacheBackend {
  return {
    name: 'away',
    deadlineMs: 20,
    get: fails,
    set: fails,
    add: fails,
    touch: fails,
    delete: fails,
    clear: fails,
  };
}

const careless: Serializer = {
  name: 'careless',
  reads: () => true,
  serialize: () => {
    throw new TypeError('unheard of');
  },
  deserialize: () => undefined,
};

async function start(cache: CacheModuleOptions): Promise<void> {
  http = await startGraphql('Apollo on Express', {
    typeDefs: 'type Query { count: [Int] }',
    cache,
    providers: [Queries, ...standing('globally').providers],
  });
}

const count = (): Promise<unknown> => dataOf(post(http, '{ count }'));

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

describe('a cache that fails', () => {
  it.each<[string, CacheModuleOptions]>([
    ['by refusing, and is to miss', { backend: backendThat(refused) }],
    ['by refusing, and is to throw', { backend: backendThat(refused), onError: 'throw' }],
    ['by never answering', { backend: backendThat(hung) }],
    ['to make a key', { keyFunction: () => '' }],
    ['to write the value', { serializer: careless }],
  ])('leaves each query to its resolver: %s', async (_what, cache) => {
    await start(cache);

    expect([await count(), await count()]).toEqual([{ count: [1] }, { count: [2] }]);
    expect(http.log.errors()).toEqual([]);
  });

  it.each<[string, CacheModuleOptions]>([
    ['to make a key', { keyFunction: () => '' }],
    ['to write the value', { serializer: careless }],
  ])('fails none of those who ask at once: %s', async (_what, cache) => {
    await start(cache);

    const answers = await Promise.all([count(), count(), count()]);

    expect(answers).toEqual(
      expect.arrayContaining([{ count: [1] }, { count: [2] }, { count: [3] }]),
    );
    expect(http.log.said()).toEqual([
      expect.stringContaining('Queries.count is not cached: the cache failed. The error was:'),
    ]);
  });

  it('leaves each query to its resolver once it is closed', async () => {
    await start({});
    await http.pages.close();

    expect([await count(), await count()]).toEqual([{ count: [1] }, { count: [2] }]);
  });
});
