import type { CacheService } from '../../lib/core/cache.service.js';
import type { CachePlace } from '../support/suite-place.js';
import { decoded, isNote } from '../support/suite-vectors.js';

/** A step of a script. */
export type Step = readonly [op: string, ...args: unknown[]];
type Options = { timeout?: never; version?: number };

/** A step as a call here. */
export interface Call {
  readonly op: string;
  readonly cache: CacheService;
  readonly args: readonly unknown[];
  readonly options: Options;
}

const KEYWORDS = new Set(['timeout', 'version', 'delta', 'default', '$on']);
// How many arguments come before those that may be left out, and the names of the latter.
const SIGNATURES: Record<string, readonly [required: number, ...optional: string[]]> = {
  get: [1, 'default', 'version'],
  set: [2, 'timeout', 'version'],
  add: [2, 'timeout', 'version'],
  touch: [1, 'timeout', 'version'],
  delete: [1, 'version'],
  get_many: [1, 'version'],
  set_many: [1, 'timeout', 'version'],
  delete_many: [1, 'version'],
  get_or_set: [2, 'timeout', 'version'],
  has_key: [1, 'version'],
  contains: [1],
  incr: [1, 'delta', 'version'],
  decr: [1, 'delta', 'version'],
  incr_version: [1, 'delta', 'version'],
  decr_version: [1, 'delta', 'version'],
  get_and_append: [2],
  clear: [0],
  close: [0],
  sleep: [1],
};
// Django answers nothing there; what is answered here besides is checked elsewhere.
export const SILENT = new Set(['set', 'delete_many', 'clear', 'close', 'sleep']);
const LONG = 1000;

/** What a call answers, or the code or name of its error; long text as its length. */
export async function outcomeOf(call: Call, place: CachePlace): Promise<object> {
  let calls = 0;
  const given = call.args[1];
  const load = isNote(given, '$callable')
    ? () => {
        calls += 1;
        return decoded(given['$callable']);
      }
    : undefined;
  try {
    const value = await perform(call, load, place);
    if (SILENT.has(call.op) && value === undefined) return { value: true };
    return { value: shortened(value) ?? undefined, ...(load ? { calls: [calls] } : {}) };
  } catch (error) {
    const { code, name } = error as { code?: string; name: string };
    return { error: name === 'CacheSerializationError' ? name : (code ?? name) };
  }
}

async function perform(
  { op, cache, args, options }: Call,
  load: (() => unknown) | undefined,
  place: CachePlace,
): Promise<unknown> {
  const [first, second] = args;
  const key = first as string;
  const keys = (typeof first === 'string' ? first.split('') : first) as string[];
  const value = (): unknown => storable(second);
  const delta = second as number | undefined;
  switch (op) {
    case 'get':
      return cache.get(key, second, options);
    case 'set':
      return cache.set(key, value(), options);
    case 'add':
      return cache.add(key, value(), options);
    case 'touch':
      return cache.touch(key, options);
    case 'delete':
      return cache.delete(key, options);
    case 'get_many':
      return Object.fromEntries(await cache.getMany(keys, options));
    case 'set_many':
      return cache.setMany(storableEntries(first), options);
    case 'delete_many':
      return cache.deleteMany(keys, options);
    case 'get_or_set':
      return cache.getOrSet(key, load ?? storable(second), options);
    case 'has_key':
    case 'contains':
      return cache.has(key, options);
    case 'incr':
      return cache.incr(key, delta, options);
    case 'decr':
      return cache.decr(key, delta, options);
    case 'incr_version':
      return cache.incrVersion(key, delta, { ...options, ...moved(place) });
    case 'decr_version':
      return cache.decrVersion(key, delta, { ...options, ...moved(place) });
    case 'get_and_append': {
      const list = (await cache.get<unknown[]>(key))!;
      list.push(second);
      return list;
    }
    case 'clear':
      return cache.clear();
    case 'close':
      return cache.close();
    case 'sleep':
      return place.advance(first as number);
    default:
      throw new Error(`There is no rule for the step "${op}".`);
  }
}

/** Rule: where a ttl cannot be told, a move is given the default timeout, which in Django it always gets. */
function moved(place: CachePlace): { timeout?: number } {
  return place.tellsTtl ? {} : { timeout: 300 };
}

function shortened(value: unknown): unknown {
  return typeof value === 'string' && value.length > LONG ? { $str_len: value.length } : value;
}

function storable(value: unknown): unknown {
  if (isNote(value, '$lambda')) return () => undefined;
  if (!isNote(value, '$raises')) return decoded(value);
  return () => {
    throw Object.assign(new Error('boom'), { name: value['$raises'] });
  };
}

function storableEntries(value: unknown): Record<string, unknown> {
  const entries = Object.entries(value as object);
  return Object.fromEntries(entries.map(([key, item]) => [key, storable(item)]));
}

/** A step as a call: positional and named arguments in their places. */
export function callOf(step: Step, caches: Record<string, CacheService>): Call {
  const [op, ...rest] = step;
  const [required, ...optional] = SIGNATURES[op] ?? [0];
  const last = rest.at(-1);
  const hasKeywords =
    rest.length > required &&
    typeof last === 'object' &&
    last !== null &&
    !Array.isArray(last) &&
    Object.keys(last).every((name) => KEYWORDS.has(name));
  const positional = hasKeywords ? rest.slice(0, -1) : rest;
  const named: Record<string, unknown> = { ...(hasKeywords ? last : {}) };
  positional.slice(required).forEach((value, index) => {
    named[optional[index]!] = value;
  });
  const { $on, timeout, version, delta, default: fallback } = named;
  const args = positional.slice(0, required);
  if (delta !== undefined) args.push(decoded(delta));
  if (fallback !== undefined) args.push(decoded(fallback));
  const options = {
    ...('timeout' in named ? { timeout } : {}),
    ...(version === undefined || version === null ? {} : { version }),
  } as Options;
  return { op, args, options, cache: caches[($on as string) ?? Object.keys(caches)[0]!]! };
}
