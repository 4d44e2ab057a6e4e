import { expect } from '@jest/globals';
import type { CacheService } from '../../lib/core/cache.service.js';
import type { CachePlace, PlaceSettings } from '../support/suite-place.js';
import { decoded, isNote, raisedBy, type Vector } from '../support/suite-vectors.js';
import { SCRIPT_EXCEPTIONS } from './vector-exceptions.js';

type Step = readonly [op: string, ...args: unknown[]];
type Options = { timeout?: never; version?: number };

interface Call {
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
const SILENT = new Set(['set', 'delete_many', 'clear', 'close', 'sleep']);
// What decides something is never invented while the server is down; the rest misses.
const DECIDES = new Set(['add', 'incr', 'decr', 'incr_version', 'decr_version', 'clear']);
const LONG = 1000;

/** Runs a script as Django's tests would and compares what comes of each step, by rules that hold for all scripts. */
export async function runScript(vector: Vector, place: CachePlace): Promise<void> {
  const aliases = vector.input['aliases'] as Record<string, Record<string, unknown>>;
  const steps = vector.input['steps'] as Step[];
  const settings = Object.entries(aliases).map(([name, each]) => [name, settingsOf(each)] as const);
  // Rule: what cannot be configured is told at start.
  if (settings.some(([, { version = 1 }]) => !isVersion(version))) {
    await expect(place.open(settings[0]![1])).rejects.toMatchObject({ code: 'CACHE_BAD_OPTION' });
    return;
  }
  if (settings.some(([, { keyPrefix = '' }]) => /:\d+(:|$)/.test(keyPrefix))) {
    const open = async (): Promise<unknown> =>
      Promise.all(settings.map(([, each]) => place.open(each)));
    await expect(open()).rejects.toMatchObject({ code: 'CACHE_BAD_PREFIX' });
    return;
  }
  const caches: Record<string, CacheService> = {};
  for (const [name, each] of settings) caches[name] = await place.open(each);

  for (const [index, step] of steps.entries()) {
    const call = callOf(step, caches);
    const refused = refusal(vector, index, call);
    const expected = refused ? { error: refused } : expectedOutcome(vector, index, call, place);
    expect({ step, index, ...(await outcomeOf(call, place)) }).toEqual({
      step,
      index,
      ...expected,
    });
    // What comes after a call that is refused here and not in Django rests on what that call did there.
    if (refused) return;
  }
}

function expectedOutcome(vector: Vector, index: number, call: Call, place: CachePlace): object {
  if (vector.input['server_down']) return outcomeWhileDown(call);
  for (const { on, steps } of SCRIPT_EXCEPTIONS[vector.id] ?? []) {
    if (index in steps && (on?.includes(place.backend) ?? true)) return steps[index]!;
  }
  const theirs = theirOutcome(vector, index);
  const raised = raisedBy(theirs);
  if (raised !== undefined) return { error: errorFor(call, raised) };
  if (SILENT.has(call.op)) return { value: expect.anything() };
  const isBesides = isNote(theirs, 'warns') || isNote(theirs, 'callable_calls');
  const value = isBesides ? (theirs as { result: unknown }).result : theirs;
  const calls = isNote(theirs, 'callable_calls') ? { calls: theirs['callable_calls'] } : {};
  return { value: isNote(value, '$str_len') ? value : (decoded(value) ?? undefined), ...calls };
}

/** What Django did. Where its backends disagree, the one that has no server is the measure. */
function theirOutcome(vector: Vector, index: number): unknown {
  return ((vector.expected_by_backend?.['locmem'] ?? vector.expected) as unknown[])[index];
}

function outcomeWhileDown({ op, args }: Call): object {
  if (DECIDES.has(op))
    return { error: expect.stringMatching(/^CACHE_(UNAVAILABLE|BACKEND|TIMEOUT)$/) };
  const answers: Record<string, unknown> = {
    get: args[1] ?? undefined,
    get_or_set: decoded(args[1]),
    get_many: {},
    set_many: Object.keys((args[0] ?? {}) as object),
    delete_many: 0,
  };
  return { value: op in answers ? answers[op] : false };
}

/** Rules: the error that stands for one of Django's. */
function errorFor({ op, args }: Call, raised: string): unknown {
  if (isNote(args[1], '$raises')) return args[1]['$raises'];
  if (args.some((each) => JSON.stringify(each)?.includes('"$lambda"'))) {
    return 'CacheSerializationError';
  }
  const counts = ['incr', 'decr', 'incr_version', 'decr_version'].includes(op);
  if (counts && raised === 'ValueError') return 'CACHE_KEY_NOT_FOUND';
  return counts ? 'CACHE_NOT_AN_INTEGER' : raised;
}

/**
 * The error for a call that is refused here and not in Django. Rules: keys are text, versions whole numbers, deltas and sums
 * safe integers.
 */
function refusal(vector: Vector, index: number, { op, args, options }: Call): string | undefined {
  const first = args[0];
  const keys = Array.isArray(first) ? first : [first];
  const takesKeys = !['set_many', 'clear', 'close', 'sleep'].includes(op);
  if (takesKeys && keys.some((key) => typeof key !== 'string' || key === '')) return 'TypeError';
  if (options.version !== undefined && !isVersion(options.version)) return 'TypeError';
  const counts = ['incr', 'decr', 'incr_version', 'decr_version'].includes(op);
  if (counts && !Number.isSafeInteger(args[1] ?? 1)) return 'TypeError';
  return counts && isNote(theirOutcome(vector, index), '$bigint') ? 'RangeError' : undefined;
}

async function outcomeOf(call: Call, place: CachePlace): Promise<object> {
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

function callOf(step: Step, caches: Record<string, CacheService>): Call {
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

function settingsOf(django: Record<string, unknown>): PlaceSettings {
  const { TIMEOUT, KEY_PREFIX, VERSION, ...others } = django;
  if (Object.keys(others).length > 0) {
    throw new Error(`There is no rule for the settings ${Object.keys(others).join(', ')}.`);
  }
  return {
    ...('TIMEOUT' in django ? { timeout: TIMEOUT as number | null } : {}),
    ...('KEY_PREFIX' in django ? { keyPrefix: KEY_PREFIX as string } : {}),
    ...('VERSION' in django ? { version: VERSION as number } : {}),
  };
}

function isVersion(version: unknown): boolean {
  return Number.isSafeInteger(version) && (version as number) >= 0;
}
