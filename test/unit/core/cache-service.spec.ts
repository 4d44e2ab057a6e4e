import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  CACHE_OPERATION_CHANNEL,
  createCache,
  memory,
  type CacheBackend,
  type CacheOperationEvent,
  type CacheService,
  type Clock,
  type NamedCacheOptions,
  type Payload,
  type Ttl,
} from 'nestjs-cache-framework';

let time: number;
let warnings: string[];
const clock: Clock = { now: () => time };
const opened: CacheService[] = [];

async function cacheOf(options: NamedCacheOptions = {}): Promise<CacheService> {
  const logger = { log: () => {}, warn: (text: string) => warnings.push(text), error: () => {} };
  const cache = await createCache({ ...options, clock, logger });
  opened.push(cache);
  return cache;
}

const down = (): Promise<never> => Promise.reject(new Error('down'));

/** Six methods over a Map, and what a test adds. */
function ownBackend(natives: Partial<CacheBackend> = {}): CacheBackend {
  const entries = new Map<string, Payload>();
  return {
    name: 'own',
    deadlineMs: null,
    get: async (key) => entries.get(key),
    set: async (key, payload) => Boolean(entries.set(key, payload)),
    add: async (key, payload) => !entries.has(key) && Boolean(entries.set(key, payload)),
    touch: async (key) => entries.has(key),
    delete: async (key) => entries.delete(key),
    clear: async () => {
      entries.clear();
    },
    ...natives,
  };
}

beforeEach(() => {
  time = 1_700_000_000_000;
  warnings = [];
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((cache) => cache.close()));
});

describe('CacheService', () => {
  it('rejects, and never throws synchronously, for a bad key', async () => {
    const cache = await cacheOf();
    const calls = [
      () => cache.get(''),
      () => cache.set('', 1),
      () => cache.add('', 1),
      () => cache.touch(''),
      () => cache.delete(''),
      () => cache.has(''),
      () => cache.getMany(['']),
      () => cache.setMany({ '': 1 }),
      () => cache.deleteMany(['']),
      () => cache.getOrSet('', 1),
      () => cache.incr(''),
      () => cache.decr(''),
      () => cache.incrVersion(''),
      () => cache.ttl(''),
      () => cache.pull(''),
    ];

    for (const call of calls) {
      const promise: Promise<unknown> = call();
      await expect(promise).rejects.toMatchObject({ name: 'TypeError' });
    }
  });

  it('refuses undefined as a value', async () => {
    const cache = await cacheOf();

    await expect(cache.set('k', undefined)).rejects.toMatchObject({ name: 'TypeError' });
  });

  it('answers the default on a miss only, not for a stored null', async () => {
    const cache = await cacheOf();
    await cache.set('nothing', null);

    expect(await cache.get('nothing', 'default')).toBeNull();
    expect(await cache.get('missing', 'default')).toBe('default');
    expect(await cache.get('missing')).toBeUndefined();
  });

  it('expires a value when its time is over, and not before', async () => {
    const cache = await cacheOf();
    await cache.set('k', 'v', 10);

    time += 9_999;
    expect(await cache.get('k')).toBe('v');
    time += 1;
    expect(await cache.get('k')).toBeUndefined();
  });

  it('uses 300 seconds where nobody says anything', async () => {
    const cache = await cacheOf();
    await cache.set('k', 'v');

    expect(await cache.ttl('k')).toBe(300);
  });

  it('reads a timeout in the plain and in the object form', async () => {
    const cache = await cacheOf();
    await cache.set('plain', 1, 60);
    await cache.set('object', 1, { timeout: '1m', version: 2 });
    await cache.set('date', 1, new Date(time + 60_000));

    expect(await cache.ttl('plain')).toBe(60);
    expect(await cache.ttl('object', { version: 2 })).toBe(60);
    expect(await cache.ttl('date')).toBe(60);
  });

  it('removes what is there when a value is set with timeout 0', async () => {
    const cache = await cacheOf();
    await cache.set('k', 'old');

    await cache.set('k', 'new', 0);

    expect(await cache.has('k')).toBe(false);
  });

  it('stores instances of a given class as plain data and revives them', async () => {
    class User {
      constructor(readonly name: string) {}
      greet(): string {
        return `I am ${this.name}`;
      }
    }
    const cache = await cacheOf();
    await cache.set('user', new User('ann'), { type: User });
    await cache.set('users', [new User('ann'), new User('bob')], { type: User });

    const user = await cache.get<User>('user', undefined, { type: User });
    const users = await cache.get<User[]>('users', [], { type: User });

    expect(user).toBeInstanceOf(User);
    expect(user!.greet()).toBe('I am ann');
    expect(users.map((each) => each.greet())).toEqual(['I am ann', 'I am bob']);
    expect(await cache.get('user')).toEqual({ name: 'ann' });
  });

  it('refuses a class instance without its class, saying what to do', async () => {
    class User {
      name = 'ann';
    }
    const cache = await cacheOf();

    await expect(cache.set('k', { user: new User() })).rejects.toMatchObject({
      name: 'CacheSerializationError',
      message: expect.stringMatching(/user.*User.*type: User/s),
    });
  });

  it('gives every caller a value of its own', async () => {
    const cache = await cacheOf();
    await cache.set('list', [1, 2]);

    (await cache.get<number[]>('list'))!.push(3);

    expect(await cache.get('list')).toEqual([1, 2]);
  });

  it("hands out one frozen value under isolation: 'freeze', and copies of dates and bytes", async () => {
    const cache = await cacheOf({ isolation: 'freeze' });
    await cache.set('plain', { a: [{ b: 1 }] });
    await cache.set('date', { at: new Date(0) });

    const first = await cache.get<{ a: { b: number }[] }>('plain');

    expect(await cache.get('plain')).toBe(first);
    expect(Object.isFrozen(first!.a[0])).toBe(true);
    expect(await cache.get('date')).not.toBe(await cache.get('date'));
  });

  it('never lets data that names __proto__ change a prototype, also when revived', async () => {
    class Thing {}
    const cache = await cacheOf();
    await cache.set('k', JSON.parse('{"__proto__":{"polluted":1}}'));

    const thing = await cache.get<object>('k', undefined, { type: Thing });

    expect(thing).toBeInstanceOf(Thing);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('makes a strict view and a view of another version of the same cache', async () => {
    const cache = await cacheOf();
    await cache.with({ version: 2 }).set('k', 'second');

    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.get('k', undefined, { version: 2 })).toBe('second');
    expect(() => cache.with({ version: -1 })).toThrow(TypeError);
  });

  it('warns once of a call whose timeout looks like milliseconds', async () => {
    const cache = await cacheOf();

    await cache.set('a', 1, 60_000);
    await cache.set('b', 1, 60_000);

    expect(warnings).toEqual([expect.stringContaining('60000 of a call to cache "default"')]);
  });

  it('refuses every call after it was closed, in its views too', async () => {
    const cache = await cacheOf();
    const view = cache.with({ version: 2 });

    await cache.close();
    await cache.close();

    await expect(cache.get('k')).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
    await expect(view.set('k', 1)).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });
});

describe('getOrSet()', () => {
  it('runs the load once for a thousand concurrent callers and gives each a copy', async () => {
    const cache = await cacheOf();
    let runs = 0;
    const load = async (): Promise<{ runs: number }> => {
      await new Promise((resolve) => setImmediate(resolve));
      return { runs: (runs += 1) };
    };

    const values = await Promise.all(Array.from({ length: 1000 }, () => cache.getOrSet('k', load)));

    expect(runs).toBe(1);
    expect(new Set(values).size).toBe(1000);
    expect(values.every((value) => value.runs === 1)).toBe(true);
    expect(await cache.get('k')).toEqual({ runs: 1 });
  });

  it('brings the error of the load to everybody unchanged and stores nothing', async () => {
    const cache = await cacheOf();
    const boom = new Error('boom');
    const load = (): Promise<string> => Promise.reject(boom);

    const results = await Promise.allSettled([
      cache.getOrSet('k', load),
      cache.getOrSet('k', load),
    ]);

    for (const result of results) expect((result as PromiseRejectedResult).reason).toBe(boom);
    expect(await cache.has('k')).toBe(false);
  });

  it('takes a plain value, and stores null', async () => {
    const cache = await cacheOf();

    expect(await cache.getOrSet('value', 'v')).toBe('v');
    expect(await cache.getOrSet('null', () => null)).toBeNull();
    expect(await cache.has('null')).toBe(true);
  });

  it('returns a loaded undefined and does not store it', async () => {
    const cache = await cacheOf();
    let runs = 0;
    const load = (): undefined => void (runs += 1);

    await cache.getOrSet('k', load);
    await cache.getOrSet('k', load);

    expect(runs).toBe(2);
  });

  it('asks the loaded value for its timeout; 0 stores nothing', async () => {
    const cache = await cacheOf();

    await cache.getOrSet(
      'long',
      () => ({ ttl: 42 }),
      (value) => value.ttl,
    );
    await cache.getOrSet('none', () => ({ ttl: 0 }), { timeout: (value) => value.ttl });

    expect(await cache.ttl('long')).toBe(42);
    expect(await cache.has('none')).toBe(false);
  });

  it('shows a value as it will be read back, from the first call on', async () => {
    const cache = await cacheOf();

    const value = await cache.getOrSet('k', () => ({ gone: undefined, kept: 1 }));

    expect(Object.keys(value)).toEqual(['kept']);
  });

  it('returns a value that cannot be stored as it is, and says so once', async () => {
    const cache = await cacheOf();
    const value = { fn: () => 1 };

    expect(await cache.getOrSet('k', () => value)).toBe(value);
    expect(await cache.getOrSet('k', () => value)).toBe(value);

    expect(warnings).toEqual([expect.stringContaining('cannot be kept in cache "default"')]);
  });

  it('refuses a load that asks for its own key', async () => {
    const cache = await cacheOf();

    const result = cache.getOrSet('k', (): Promise<number> => cache.getOrSet('k', () => 1));

    await expect(result).rejects.toMatchObject({ code: 'CACHE_DEADLOCK' });
  });

  it('replaces an entry that nobody can read', async () => {
    const backend = ownBackend();
    const cache = await cacheOf({ backend });
    await backend.set(':1:k', { flags: 1, data: 'pickle' }, null);

    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.getOrSet('k', () => 'fresh')).toBe('fresh');

    expect(await cache.get('k')).toBe('fresh');
    expect(warnings).toEqual([expect.stringContaining('Python pickle')]);
  });

  it('goes on with the loaded value when the backend fails, and rejects in a strict view', async () => {
    const backend = ownBackend({ deadlineMs: 1000, get: down, add: down, set: down });
    const cache = await cacheOf({ backend });

    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded');
    await expect(
      cache.with({ onError: 'throw' }).getOrSet('k', () => 'loaded'),
    ).rejects.toMatchObject({ name: 'CacheBackendError' });
  });
});

describe('counters and versions', () => {
  it('keeps the timeout of a counter', async () => {
    const cache = await cacheOf();
    await cache.set('n', 41, 100);
    time += 40_000;

    expect(await cache.incr('n')).toBe(42);
    expect(await cache.decr('n', 50)).toBe(-8);

    expect(await cache.ttl('n')).toBe(60);
  });

  it('fails for a counter that its place refuses, and does not try for ever', async () => {
    const cache = await cacheOf({ backend: memory({ maxEntryBytes: 1024 }) });

    await expect(cache.incr('k'.repeat(1024), 1, { initial: 0 })).rejects.toMatchObject({
      code: 'CACHE_BACKEND',
      operation: 'incr',
    });
  });

  it('begins a counter at `initial` with its own timeout', async () => {
    const cache = await cacheOf();

    expect(await cache.incr('n', 1, { initial: 0, timeout: '15m' })).toBe(1);
    expect(await cache.incr('n', 1, { initial: 0, timeout: '1m' })).toBe(2);

    expect(await cache.ttl('n')).toBe(900);
  });

  it.each([[0.5], [NaN], ['1'], [2 ** 53]])(
    'refuses the delta %p with a TypeError',
    async (delta) => {
      const cache = await cacheOf();
      await cache.set('n', 1);

      await expect(cache.incr('n', delta as number)).rejects.toMatchObject({ name: 'TypeError' });
    },
  );

  it('refuses to leave the safe integers and changes nothing', async () => {
    const cache = await cacheOf();
    await cache.set('n', Number.MAX_SAFE_INTEGER);

    await expect(cache.incr('n')).rejects.toMatchObject({ name: 'RangeError' });
    expect(await cache.get('n')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('derives an atomic incr from a backend that has only ttl()', async () => {
    const cache = await cacheOf({
      backend: ownBackend({ ttl: async (): Promise<Ttl> => null }),
    });
    await cache.set('n', 0);

    await Promise.all(Array.from({ length: 100 }, () => cache.incr('n')));

    expect(await cache.get('n')).toBe(100);
  });

  it('says that a backend cannot count, rather than counting wrongly', async () => {
    const cache = await cacheOf({ backend: ownBackend() });
    await cache.set('n', 0);

    await expect(cache.incr('n')).rejects.toMatchObject({
      code: 'CACHE_UNSUPPORTED',
      operation: 'incr',
    });
  });

  it('moves a value to the next version with the time it has left', async () => {
    const cache = await cacheOf();
    await cache.set('k', 'v', 100);
    time += 30_000;

    expect(await cache.incrVersion('k')).toBe(2);

    expect(await cache.has('k')).toBe(false);
    expect(await cache.get('k', undefined, { version: 2 })).toBe('v');
    expect(await cache.ttl('k', { version: 2 })).toBe(70);
  });

  it('keeps the value for a delta of 0 and under a key function without versions', async () => {
    const cache = await cacheOf({ keyFunction: (key) => `django:${key}` });
    await cache.set('k', 'v');

    expect(await cache.incrVersion('k', 0)).toBe(1);
    expect(await cache.incrVersion('k')).toBe(2);
    expect(await cache.get('k')).toBe('v');
  });

  it('refuses a negative version before anything is changed', async () => {
    const cache = await cacheOf();
    await cache.set('k', 'v');

    await expect(cache.decrVersion('k', 2)).rejects.toMatchObject({ name: 'RangeError' });
    expect(await cache.get('k')).toBe('v');
  });

  it('gives a pulled value to one of many', async () => {
    const cache = await cacheOf();
    await cache.set('code', '1234');

    const pulled = await Promise.all(Array.from({ length: 50 }, () => cache.pull('code')));

    expect(pulled.filter((value) => value !== undefined)).toEqual(['1234']);
  });
});

describe('when the backend is down', () => {
  const methods = { get: down, set: down, add: down, touch: down, delete: down, clear: down };

  it('misses and answers false, but throws where an answer decides', async () => {
    const cache = await cacheOf({
      backend: { ...ownBackend(), ...methods, deadlineMs: 1000, incr: down },
    });

    expect(await cache.get('k', 'default')).toBe('default');
    expect(await cache.set('k', 1)).toBe(false);
    expect(await cache.set('k', 1, 0)).toBe(false);
    expect(await cache.setMany({ k: 1 }, 0)).toEqual(['k']);
    expect(await cache.touch('k')).toBe(false);
    expect(await cache.delete('k')).toBe(false);
    expect(await cache.getMany(['k'])).toEqual(new Map());
    expect(await cache.setMany({ k: 1 })).toEqual(['k']);
    for (const call of [
      cache.add('k', 1),
      cache.add('k', 1, 0),
      cache.incr('k'),
      cache.pull('k'),
      cache.clear(),
      cache.incrVersion('k', 1, { timeout: 60 }),
    ]) {
      await expect(call).rejects.toMatchObject({ name: 'CacheBackendError' });
    }
  });

  it('fails in touch() only when nothing of it is under way any more', async () => {
    const steps: string[] = [];
    const backend = ownBackend({
      get: down,
      touch: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        steps.push('touched');
        return true;
      },
    });
    const cache = await cacheOf({ backend, onError: 'throw' });

    await cache.touch('k').catch(() => steps.push('failed'));

    expect(steps).toEqual(['touched', 'failed']);
  });

  it('throws typed errors in a strict cache', async () => {
    const cache = await cacheOf({
      backend: { ...ownBackend(), ...methods, deadlineMs: 1000 },
      onError: 'throw',
    });

    await expect(cache.get('k')).rejects.toMatchObject({ code: 'CACHE_BACKEND', key: ':1:k' });
    await expect(cache.set('k', 1)).rejects.toMatchObject({ operation: 'set' });
  });
});

describe('one key where a list is wanted', () => {
  it('is refused, and not taken for a list of its characters', async () => {
    const cache = await cacheOf();
    await cache.setMany({ a: 1, b: 2 });
    const calls = [cache.getMany('ab'), cache.deleteMany('ab'), cache.getOrSetMany('ab', () => [])];

    for (const call of calls) {
      await expect(call).rejects.toThrow(
        'Keys must be given as a list such as ["a", "b"], but "ab" was given.',
      );
    }
    expect(await cache.get('a')).toBe(1);
  });
});

describe('a view', () => {
  it('keeps what an option does not change, or is given as undefined', async () => {
    const cache = await cacheOf();
    const options = { version: undefined, onError: undefined } as object;

    expect(cache.with({ version: 2 }).with(options).makeKey('k')).toBe(':2:k');
  });

  it('refuses an onError that there is not', async () => {
    const cache = await cacheOf();

    expect(() => cache.with({ onError: 'ignore' as 'miss' })).toThrow(
      '"onError" must be "miss" or "throw", but "ignore" was given.',
    );
  });
});

describe('events', () => {
  it('tell a stored false from nothing', async () => {
    const cache = await cacheOf();
    await cache.set('no', false);
    const seen: string[] = [];
    const listen = (event: unknown): void => {
      const { operation, result } = event as CacheOperationEvent;
      seen.push(`${operation} ${result}`);
    };
    subscribe(CACHE_OPERATION_CHANNEL, listen);

    await cache.get('no');
    await cache.pull('no');
    await cache.pull('no');
    await cache.has('no');
    unsubscribe(CACHE_OPERATION_CHANNEL, listen);

    expect(seen).toEqual(['get hit', 'pull hit', 'pull miss', 'has miss']);
  });

  it('publishes what came of each operation, without keys', async () => {
    const cache = await cacheOf();
    const seen: string[] = [];
    const listen = (event: unknown): void => {
      const { operation, result } = event as CacheOperationEvent;
      expect(event).not.toHaveProperty('key');
      seen.push(`${operation} ${result}`);
    };
    subscribe(CACHE_OPERATION_CHANNEL, listen);

    await cache.get('k');
    await cache.set('k', 1);
    await cache.get('k');
    await cache.add('k', 1);
    await cache.getOrSet('k', 1);
    await expect(cache.incr('missing')).rejects.toThrow();
    unsubscribe(CACHE_OPERATION_CHANNEL, listen);
    await cache.get('k');

    expect(seen).toEqual([
      'get miss',
      'set done',
      'get hit',
      'add refused',
      'getOrSet hit',
      'incr error',
    ]);
  });
});
