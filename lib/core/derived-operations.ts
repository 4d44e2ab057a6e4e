import type { CacheBackend, CounterStart, Payload, Ttl } from './cache-backend.interface.js';
import { CacheBackendError, CacheUnsupportedError, shortKey } from './cache.errors.js';
import { addToPayload, safeSum } from './integer-payload.js';
import { KeyTurns } from './key-turns.js';

// What the facade asks of any backend: the native method where there is one, otherwise the same from the six.

/** The found entries. */
export async function getMany(
  backend: CacheBackend,
  keys: readonly string[],
): Promise<Map<string, Payload>> {
  if (backend.getMany) return backend.getMany(keys);
  const found = new Map<string, Payload>();
  const payloads = await Promise.all(keys.map((key) => backend.get(key)));
  keys.forEach((key, index) => {
    const payload = payloads[index];
    if (payload) found.set(key, payload);
  });
  return found;
}

/** The keys that were not stored. */
export async function setMany(
  backend: CacheBackend,
  entries: ReadonlyMap<string, Payload>,
  ttl: Ttl,
): Promise<string[]> {
  if (backend.setMany) return backend.setMany(entries, ttl);
  const keys = [...entries.keys()];
  const stored = await allOf(keys.map((key) => backend.set(key, entries.get(key)!, ttl)));
  return keys.filter((_, index) => !stored[index]);
}

/** How many live entries were removed. */
export async function deleteMany(backend: CacheBackend, keys: readonly string[]): Promise<number> {
  if (backend.deleteMany) return backend.deleteMany(keys);
  const deleted = await allOf(keys.map((key) => backend.delete(key)));
  return deleted.filter(Boolean).length;
}

/** Resolves if the backend answers. */
export async function ping(backend: CacheBackend): Promise<void> {
  await (backend.ping ? backend.ping() : backend.get('ping'));
}

// One counter at a time per backend and key: what is derived is atomic in this process only.
const counting = new WeakMap<CacheBackend, KeyTurns>();

/** The new value, or undefined if there is no live entry. */
export async function incr(
  backend: CacheBackend,
  key: string,
  delta: number,
  start?: CounterStart,
): Promise<number | undefined> {
  if (backend.incr) return backend.incr(key, delta, start);
  if (!backend.ttl) throw unsupported(backend, 'incr');
  const turns = counting.get(backend) ?? new KeyTurns();
  counting.set(backend, turns);
  return turns.run(key, () => addDerived(backend, key, delta));
}

/** What a counter that begins at `initial` is after adding `delta`. @throws {RangeError} */
export function sumOf(initial: number, delta: number, key: string): number {
  return safeSum(BigInt(initial) + BigInt(delta), key);
}

/**
 * A native method that nothing replaces.
 *
 * @param otherwise The sentence that says what to do instead.
 * @throws {CacheUnsupportedError} if the backend lacks it.
 */
export function required<Name extends 'lease' | 'lock' | 'ttl' | 'stats' | 'flushServer'>(
  backend: CacheBackend,
  name: Name,
  otherwise?: string,
): NonNullable<CacheBackend[Name]> {
  const method = backend[name];
  if (!method) throw unsupported(backend, name, otherwise);
  return method.bind(backend) as NonNullable<CacheBackend[Name]>;
}

/**
 * The answers of calls that are made together. If one fails, the others are waited for all the same: who is told of the failure
 * and makes a change of his own must not have it undone by what was still under way.
 */
export async function allOf<Calls extends readonly unknown[] | []>(
  calls: Calls,
): Promise<{ -readonly [Index in keyof Calls]: Awaited<Calls[Index]> }> {
  await Promise.allSettled(calls);
  return Promise.all(calls);
}

function unsupported(
  backend: CacheBackend,
  operation: string,
  otherwise = 'Use a backend that has it.',
): CacheUnsupportedError {
  return new CacheUnsupportedError(
    'CACHE_UNSUPPORTED',
    `The ${backend.name} backend has no ${operation}(), and it cannot be derived from what it has. ${otherwise}`,
    { backend: backend.name, operation },
  );
}

async function addDerived(
  backend: CacheBackend,
  key: string,
  delta: number,
): Promise<number | undefined> {
  const ttl = await backend.ttl!(key);
  const payload = ttl === undefined ? undefined : await backend.get(key);
  if (ttl === undefined || payload === undefined) return undefined;
  const sum = addToPayload(payload, delta, key);
  if (await backend.set(key, sum.payload, ttl)) return sum.value;
  throw new CacheBackendError(
    'CACHE_BACKEND',
    `The ${backend.name} backend did not store the counter "${shortKey(key)}".`,
    { backend: backend.name, operation: 'incr', key },
  );
}
