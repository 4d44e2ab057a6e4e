import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createCache,
  type CacheBackend,
  type CacheService,
  type NamedCacheOptions,
  type Payload,
} from 'nestjs-cache-framework';
import { Envelope } from '../../../lib/core/envelope.js';
import { PageBytes } from '../../../lib/core/page-bytes.js';
import { FLAG_ENVELOPE } from '../../../lib/core/payload-flags.js';

let entries: Map<string, Payload>;
let calls: string[];
let isDown: boolean;
let warnings: string[];
const opened: CacheService[] = [];

function asked(call: string): void {
  calls.push(call);
  if (isDown) throw new Error('down');
}

function bytesOf({ flags, data }: Payload): Payload {
  return { flags, data: Buffer.from(data) };
}

/** A server that keeps bytes, and writes down what it is asked. */
function server(): CacheBackend {
  return {
    name: 'server',
    get: async (key) => {
      asked('get');
      return entries.get(key);
    },
    getMany: async (keys) => {
      asked(`getMany ${keys.length}`);
      return new Map(keys.flatMap((key) => (entries.has(key) ? [[key, entries.get(key)!]] : [])));
    },
    set: async (key, payload) => {
      asked('set');
      return Boolean(entries.set(key, bytesOf(payload)));
    },
    setMany: async (many) => {
      asked(`setMany ${many.size}`);
      for (const [key, payload] of many) entries.set(key, bytesOf(payload));
      return [];
    },
    add: async (key, payload) => {
      asked('add');
      return !entries.has(key) && Boolean(entries.set(key, bytesOf(payload)));
    },
    touch: async (key) => {
      asked('touch');
      return entries.has(key);
    },
    delete: async (key) => {
      asked('delete');
      return entries.delete(key);
    },
    clear: async () => {
      asked('clear');
      entries.clear();
    },
  };
}

async function cacheOf(options: NamedCacheOptions = { backend: server() }): Promise<CacheService> {
  const logger = { log: () => {}, warn: (text: string) => warnings.push(text), error: () => {} };
  const cache = await createCache({ ...options, logger });
  opened.push(cache);
  return cache;
}

/** What a call asks the backend. */
async function askedBy(call: () => Promise<unknown>): Promise<string[]> {
  calls.length = 0;
  await call();
  return [...calls];
}

beforeEach(() => {
  entries = new Map();
  calls = [];
  warnings = [];
  isDown = false;
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((cache) => cache.close()));
});

describe('the round trips of tags', () => {
  it('are none for values without, however many others have some', async () => {
    const cache = await cacheOf();
    await cache.set('tagged', 1, { tags: ['tag'] });

    expect(await askedBy(() => cache.set('bare', 1))).toEqual(['set']);
    expect(await askedBy(() => cache.get('bare'))).toEqual(['get']);
    expect(await askedBy(() => cache.getMany(['bare', 'missing']))).toEqual(['getMany 2']);
    expect(await askedBy(() => cache.getOrSet('bare', 2))).toEqual(['get']);
  });

  it('are one for a value that this process has stored or read', async () => {
    const cache = await cacheOf();
    const other = await cacheOf();
    await cache.set('key', 1, { tags: ['a', 'b'] });

    expect(await askedBy(() => cache.get('key'))).toEqual(['getMany 3']);
    expect(await askedBy(() => other.get('key'))).toEqual(['get', 'getMany 2']);
    expect(await askedBy(() => other.get('key'))).toEqual(['getMany 3']);
    expect(await askedBy(() => other.getMany(['key', 'x']))).toEqual(['getMany 4']);
  });

  it('are one for tags that the reader names', async () => {
    const writer = await cacheOf();
    await writer.setMany({ a: 1, b: 2 }, { tags: ['tag'] });
    const tags = ['tag'];
    const reader = (): Promise<CacheService> => cacheOf();

    for (const [call, trips] of [
      [async () => (await reader()).get('a', undefined, { tags }), ['getMany 2']],
      [async () => (await reader()).getMany(['a', 'b'], { tags }), ['getMany 3']],
      [async () => (await reader()).getOrSet('a', 1, { tags }), ['getMany 2']],
      [async () => (await reader()).has('a', { tags }), ['getMany 2']],
      [async () => (await reader()).touch('a', { timeout: 10, tags }), ['touch', 'getMany 2']],
    ] as const) {
      expect(await askedBy(call)).toEqual(trips);
    }
  });

  it('are those of the read and of the store for a load, where the stamps are there', async () => {
    const cache = await cacheOf();
    await cache.set('other', 1, { tags: ['tag'] });

    const trips = await askedBy(() => cache.getOrSet('key', () => 1, { tags: ['tag'] }));

    expect(trips).toEqual(['getMany 2', 'add']);
  });

  it('are one to invalidate any number of tags', async () => {
    const cache = await cacheOf();

    expect(await askedBy(() => cache.invalidateTags('a', 'b', 'b'))).toEqual(['setMany 2']);
    expect(await askedBy(() => cache.invalidateTags())).toEqual([]);
  });

  it('are one for a read in a namespace, in a namespace, with tags', async () => {
    const part = (await cacheOf()).namespace('a').namespace('b');
    await part.set('key', 1, { tags: ['tag'] });

    expect(await askedBy(() => part.get('key'))).toEqual(['getMany 4']);
  });
});

describe('tags on a backend that fails', () => {
  it('are not invalidated in silence', async () => {
    const cache = await cacheOf();
    isDown = true;

    await expect(cache.invalidateTags('tag')).rejects.toMatchObject({ code: 'CACHE_BACKEND' });
  });

  it('are held as such by a cache that forgives, and nothing is stored with them', async () => {
    const cache = await cacheOf();
    await cache.set('key', 'old');
    isDown = true;
    const held = await cache.holdTags(['tag']);
    isDown = false;

    expect(await cache.set('key', 'new', { tags: held })).toBe(false);
    expect(await cache.setMany({ key: 'new' }, { tags: held })).toEqual(['key']);
    await expect(cache.add('other', 1, { tags: held })).rejects.toMatchObject({
      code: 'CACHE_BACKEND',
    });
    expect(entries.size).toBe(0);
  });

  it('are not held by a strict cache', async () => {
    const cache = (await cacheOf()).with({ onError: 'throw' });
    isDown = true;

    await expect(cache.holdTags(['tag'])).rejects.toMatchObject({ code: 'CACHE_BACKEND' });
  });

  it('let a load answer, which is not stored', async () => {
    const cache = await cacheOf();
    const load = async (): Promise<string> => {
      isDown = false;
      return 'loaded';
    };
    isDown = true;

    expect(await cache.getOrSet('key', load, { tags: ['tag'] })).toBe('loaded');
    expect(await cache.get('key')).toBeUndefined();
    expect(entries.size).toBe(0);
  });

  it('let set() answer false', async () => {
    const cache = await cacheOf();
    isDown = true;

    expect(await cache.set('key', 1, { tags: ['tag'] })).toBe(false);
    expect(await cache.namespace('part').set('key', 1)).toBe(false);
    expect(await cache.namespace('part').setMany({ key: 1 })).toEqual(['key']);
    expect(await cache.namespace('part').get('key')).toBeUndefined();
    await expect(cache.namespace('part').add('key', 1)).rejects.toMatchObject({
      code: 'CACHE_BACKEND',
    });
    await expect(cache.namespace('part').clear()).rejects.toMatchObject({ code: 'CACHE_BACKEND' });
  });
});

describe('a value with tags', () => {
  it('is a miss if its stamp was evicted', async () => {
    const cache = await cacheOf();
    await cache.set('key', 1, { tags: ['tag'] });
    for (const key of entries.keys()) if (key.startsWith('~')) entries.delete(key);

    expect(await cache.get('key')).toBeUndefined();
    await cache.set('other', 1, { tags: ['tag'] });
    expect(await cache.get('key')).toBeUndefined();
  });

  it('whose head is damaged is a miss that is reported, and replaced by the next load', async () => {
    const cache = await cacheOf();
    await cache.set('key', 1, { tags: ['tag'] });
    entries.set(cache.makeKey('key'), { flags: FLAG_ENVELOPE, data: Buffer.from('no envelope') });

    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.has('key')).toBe(false);
    expect(warnings).toEqual([expect.stringContaining('taken for a miss')]);
    expect(await cache.getOrSet('key', 2)).toBe(2);
    expect(await cache.get('key')).toBe(2);
  });

  it('bears a thousand tags at most, but more can be invalidated at once', async () => {
    const cache = await cacheOf({});
    const tags = Array.from({ length: 1_001 }, (_, index) => `tag-${index}`);
    await cache.set('key', 1, { tags: tags.slice(-1) });

    await expect(cache.set('other', 1, { tags })).rejects.toThrow('A value may bear 1000 tags');
    await cache.invalidateTags(...tags);

    expect(await cache.get('key')).toBeUndefined();
  });

  it('that is a page has its bytes where they were, in a backend in this process', async () => {
    const cache = await cacheOf({});
    const bytes = Buffer.alloc(1_000, 1);

    await cache.set('page', new PageBytes(bytes), { tags: ['tag'] });

    expect((await cache.get<PageBytes>('page'))!.bytes).toBe(bytes);
    const page = await cache.get<PageBytes>('page', undefined, { tags: ['tag'] });
    expect(page!.bytes).toBe(bytes);
  });

  it('is not written out in a backend in this process', async () => {
    const cache = await cacheOf({});
    await cache.set('key', { a: [1] }, { tags: ['tag'] });
    const payload = cache.backend.getSync!(cache.makeKey('key'));

    expect(payload).toBeInstanceOf(Envelope);
    expect(await cache.get('key')).toEqual({ a: [1] });
    expect(await cache.get('key')).not.toBe(await cache.get('key'));
  });

  it('does not count as used when it is asked for by has() or touched', async () => {
    const cache = await cacheOf({ options: { maxEntries: 3 } });
    await cache.set('first', 1);
    await cache.set('second', 2);
    await cache.set('third', 3);

    await cache.has('first');
    await cache.touch('first', 100);
    await cache.set('fourth', 4);

    expect(await cache.getMany(['first', 'second'])).toEqual(new Map([['second', 2]]));
  });
});

describe('the stamp of a tag', () => {
  it('lies under a key that no user can have, apart for each prefix', async () => {
    const plain = await cacheOf();
    const keys = new Set<string>();
    for (const keyPrefix of ['', 'a', 'a-b']) {
      const cache = await cacheOf({ backend: server(), keyPrefix });
      for (const tag of ['b', 'a-b', '1:a:b', ':b']) await cache.holdTags([tag]);
    }
    for (const key of entries.keys()) keys.add(key);

    expect(keys.size).toBe(12);
    for (const key of keys) {
      expect(key).toMatch(/^~tag:/);
      expect(plain.makeKey(key)).not.toBe(key);
    }
  });

  it('is the same for all who make it at once', async () => {
    const caches = await Promise.all([cacheOf(), cacheOf(), cacheOf()]);

    const held = await Promise.all(caches.map((cache) => cache.holdTags(['a', 'b', 'a'])));

    expect(new Set(held.map(({ stamps }) => JSON.stringify(stamps))).size).toBe(1);
    expect(held[0]!.tags).toEqual(['a', 'b']);
  });
});
