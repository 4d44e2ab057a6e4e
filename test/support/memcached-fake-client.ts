import type { Payload } from '../../lib/core/cache-backend.interface.js';
import type {
  MemcachedClient,
  MemcachedItem,
} from '../../lib/backends/memcached/memcached-client.interface.js';
import { cannotConnect } from '../../lib/backends/memcached/memcached.errors.js';

/** A client of a server that exists in memory only, and fails when it is told to. */
export interface FakeClient extends MemcachedClient {
  readonly items: Map<string, MemcachedItem>;
  /** The calls so far, such as `get key`. */
  readonly calls: string[];
  /** What the next calls reject with; undefined: the server is well. */
  failure: unknown;
  /** Called before an item is stored, to let others be faster. */
  beforeStore?: () => void;
}

/** A fake client under the given name. */
export function fakeClient(server: string): FakeClient {
  const items = new Map<string, MemcachedItem>();
  const calls: string[] = [];
  let cas = 0n;
  const fake: FakeClient = {
    server,
    items,
    calls,
    failure: undefined,
    load: async () => undefined,
    getPayload: (key) => did(`get ${key}`, () => items.get(key)?.payload),
    getPayloads: (keys) =>
      did(`get ${keys.join(' ')}`, () => keys.map((key) => items.get(key)?.payload)),
    get: (key) => did(`get ${key}`, () => items.get(key)),
    store: async (...item) => (await fake.storeItem(...item)) !== undefined,
    storeItem: (mode, key, payload: Payload, _expiry, expected = 0n) =>
      did(`${mode} ${key}`, () => {
        fake.beforeStore?.();
        const found = items.get(key);
        const isRefused = mode === 'add' ? found : expected !== 0n && found?.cas !== expected;
        if (isRefused) return undefined;
        cas += 1n;
        items.set(key, { payload, cas });
        return cas;
      }),
    touch: (key) => did(`touch ${key}`, () => items.has(key)),
    delete: (key) => did(`delete ${key}`, () => items.delete(key)),
    incr: (key) => did(`incr ${key}`, () => undefined),
    stats: () => did('stats', () => ({ item_size_max: '2097152' })),
    flush: () => did('flush', () => items.clear()),
    ping: () => did('ping', () => undefined),
    settled: async () => undefined,
    close: () => undefined,
  };
  async function did<T>(call: string, work: () => T): Promise<T> {
    calls.push(call);
    if (fake.failure !== undefined) throw fake.failure;
    return work();
  }
  return fake;
}

/** The failure of a server that cannot be reached. */
export function unreachable(server: string): Error {
  return cannotConnect(server, new Error('connect ECONNREFUSED'));
}
