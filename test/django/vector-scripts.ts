import { expect } from '@jest/globals';
import type { CacheService } from '../../lib/core/cache.service.js';
import type { CachePlace, PlaceSettings } from '../support/suite-place.js';
import { decoded, isNote, raisedBy, type Vector } from '../support/suite-vectors.js';
import { expectListed, type RuleName, STEP_DIFFERENCES } from './vector-differences.js';

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
const COUNTING = new Set(['incr', 'decr', 'incr_version', 'decr_version']);
const LONG = 1000;

/** Runs a script as the tests of Django would, and compares what comes of each step. */
export async function runScript(vector: Vector, place: CachePlace): Promise<void> {
  expectListed(vector.id, await rulesApplied(vector, place), place.backend);
}

/** The rules that made a difference to what Django did. */
async function rulesApplied(vector: Vector, place: CachePlace): Promise<Set<RuleName>> {
  const aliases = vector.input['aliases'] as Record<string, Record<string, unknown>>;
  const settings = Object.entries(aliases).map(([name, each]) => [name, settingsOf(each)] as const);
  const wrong = settings.map(([, each]) => wrongSettings(each)).find((each) => each !== undefined);
  const caches: Record<string, CacheService> = {};
  const opening = openAll(settings, place, caches);
  if (wrong) {
    await expect(opening).rejects.toMatchObject({ code: wrong.code });
    return new Set([wrong.rule]);
  }
  await opening;

  const applied = new Set<RuleName>();
  for (const [index, step] of (vector.input['steps'] as Step[]).entries()) {
    const call = callOf(step, caches);
    const expected = expectation(vector, index, call, place);
    if (expected.rule) applied.add(expected.rule);
    const outcome = await outcomeOf(call, place);
    expect({ step, index, ...outcome }).toEqual({ step, index, ...expected.outcome });
    // What comes after such a call rests on what it did in Django.
    if (expected.isLast) break;
  }
  return applied;
}

interface Expectation {
  readonly outcome: object;
  /** The rule that makes it another one than in Django. */
  readonly rule?: RuleName;
  readonly isLast?: boolean;
}

function expectation(vector: Vector, index: number, call: Call, place: CachePlace): Expectation {
  const refused = refusedArgument(call);
  if (refused) return { outcome: { error: 'TypeError' }, rule: refused, isLast: true };
  if (vector.input['server_down']) {
    return { outcome: outcomeWhileDown(call), rule: 'missWhileDown' };
  }
  const special = STEP_DIFFERENCES[vector.id];
  const outcome = special?.steps[index];
  if (special && outcome && (special.on?.includes(place.backend) ?? true)) {
    return { outcome, rule: special.rule };
  }
  const inMemory = columnOf(vector, 'locmem')[index];
  const onMemcached = columnOf(vector, 'pymemcache')[index];
  return (
    counted(call, inMemory, place) ??
    tooLarge(vector, call, onMemcached, place) ??
    stopped(vector, index, call, inMemory) ??
    disagreement(vector, index, call, place) ?? {
      outcome: sameAs(inMemory, call),
      ...(isNote(inMemory, 'warns') ? { rule: 'badKeysAreReplaced' } : {}),
    }
  );
}

/** Rules about sums: integers only, safe ones only, and none below zero where the server cannot. */
function counted({ op }: Call, theirs: unknown, { backend }: CachePlace): Expectation | undefined {
  if (op === 'decr_version' && (theirs as number) < 0) {
    return { outcome: { error: 'RangeError' }, rule: 'versionsAreWhole', isLast: true };
  }
  if (op !== 'incr' && op !== 'decr') return undefined;
  if (isNote(theirs, '$bigint')) {
    return { outcome: { error: 'RangeError' }, rule: 'safeIntegers', isLast: true };
  }
  if (typeof theirs === 'number' && !Number.isInteger(theirs)) {
    return { outcome: { error: 'CACHE_NOT_AN_INTEGER' }, rule: 'integersOnly', isLast: true };
  }
  return backend === 'memcached' && (theirs as number) < 0
    ? { outcome: { error: 'CACHE_UNSUPPORTED' }, rule: 'noNegatives', isLast: true }
    : undefined;
}

/** Rule: what a server would not take is false, or the names of the keys. */
function tooLarge(
  vector: Vector,
  { op, args }: Call,
  onMemcached: unknown,
  { backend }: CachePlace,
): Expectation | undefined {
  if (backend !== 'memcached' || !columnOf(vector, 'pymemcache').some(isRaised)) return undefined;
  if (!isRaised(onMemcached)) return { outcome: sameAs(onMemcached, { op, args }) };
  const failed = Object.entries(args[0] as object).filter(([, value]) => isNote(value, '$repeat'));
  const value = op === 'set_many' ? failed.map(([key]) => key) : false;
  return { outcome: { value }, rule: 'tooLargeIsFalse' };
}

function isRaised(theirs: unknown): boolean {
  return raisedBy(theirs) === 'MemcacheServerError';
}

/** Rules about calls after which Django and this package have different entries. */
function stopped(
  vector: Vector,
  index: number,
  call: Call,
  theirs: unknown,
): Expectation | undefined {
  const before = (vector.input['steps'] as Step[]).slice(0, index);
  if (before.some(([op]) => op === 'close')) {
    return { outcome: { error: 'CACHE_CLOSED' }, rule: 'closedIsClosed', isLast: true };
  }
  return call.op === 'set_many' && raisedBy(theirs) !== undefined
    ? { outcome: sameAs(theirs, call), rule: 'allOrNothing', isLast: true }
    : undefined;
}

/**
 * Where the backends of Django disagree, the one in memory is the measure. Rules: text of digits counts as on memcached, and
 * what has expired is gone as on memcached.
 */
function disagreement(
  vector: Vector,
  index: number,
  call: Call,
  { backend }: CachePlace,
): Expectation | undefined {
  const inMemory = columnOf(vector, 'locmem');
  const onMemcached = columnOf(vector, 'pymemcache');
  const refusesText = inMemory.findIndex(
    (each, step) => raisedBy(each) === 'TypeError' && typeof onMemcached[step] === 'number',
  );
  if (refusesText !== -1 && index >= refusesText) {
    return {
      outcome: sameAs(onMemcached[index], call),
      ...(backend === 'memcached' ? {} : { rule: 'textCounts' }),
    };
  }
  const isGone = call.op === 'delete' && inMemory[index] !== onMemcached[index];
  if (!isGone) return undefined;
  return {
    outcome: sameAs(onMemcached[index], call),
    ...(backend === 'memcached' ? {} : { rule: 'expiredIsGone' }),
  };
}

function columnOf(vector: Vector, backend: string): readonly unknown[] {
  return (vector.expected_by_backend?.[backend] ?? vector.expected ?? []) as unknown[];
}

/** What is the same here as an outcome in Django. */
function sameAs(theirs: unknown, call: Pick<Call, 'op' | 'args'>): object {
  const raised = raisedBy(theirs);
  if (raised !== undefined) return { error: errorFor(call, raised) };
  if (SILENT.has(call.op)) return { value: expect.anything() };
  const isBesides = isNote(theirs, 'warns') || isNote(theirs, 'callable_calls');
  const value = isBesides ? (theirs as { result: unknown }).result : theirs;
  const calls = isNote(theirs, 'callable_calls') ? { calls: theirs['callable_calls'] } : {};
  return { value: isNote(value, '$str_len') ? value : (decoded(value) ?? undefined), ...calls };
}

/** The error that stands for one of Django's. */
function errorFor({ op, args }: Pick<Call, 'op' | 'args'>, raised: string): unknown {
  if (isNote(args[1], '$raises')) return args[1]['$raises'];
  if (JSON.stringify(args.slice(0, 2))?.includes('"$lambda"')) return 'CacheSerializationError';
  if (!COUNTING.has(op)) return raised;
  return raised === 'ValueError' ? 'CACHE_KEY_NOT_FOUND' : 'CACHE_NOT_AN_INTEGER';
}

function outcomeWhileDown({ op, args }: Call): object {
  if (DECIDES.has(op)) {
    return { error: expect.stringMatching(/^CACHE_(UNAVAILABLE|BACKEND|TIMEOUT)$/) };
  }
  const answers: Record<string, unknown> = {
    get: args[1] ?? undefined,
    get_or_set: decoded(args[1]),
    get_many: {},
    set_many: Object.keys(args[0] ?? {}),
    delete_many: 0,
  };
  return { value: op in answers ? answers[op] : false };
}

/** The rule by which a call is refused here for its arguments, and not in Django. */
function refusedArgument({ op, args, options }: Call): RuleName | undefined {
  const first = args[0];
  const keys = Array.isArray(first) ? first : [first];
  const takesKeys = !['set_many', 'clear', 'close', 'sleep'].includes(op);
  if (takesKeys && keys.some((key) => typeof key !== 'string' || key === '')) return 'keysAreText';
  if (options.version !== undefined && !isVersion(options.version)) return 'versionsAreWhole';
  return COUNTING.has(op) && !Number.isSafeInteger(args[1] ?? 1) ? 'safeIntegers' : undefined;
}

function wrongSettings({ version = 1, keyPrefix = '' }: PlaceSettings) {
  if (!isVersion(version)) return { code: 'CACHE_BAD_OPTION', rule: 'versionsAreWhole' } as const;
  return /:\d+(:|$)/.test(keyPrefix)
    ? ({ code: 'CACHE_BAD_PREFIX', rule: 'prefixesStayApart' } as const)
    : undefined;
}

async function openAll(
  settings: readonly (readonly [string, PlaceSettings])[],
  place: CachePlace,
  caches: Record<string, CacheService>,
): Promise<void> {
  for (const [name, each] of settings) caches[name] = await place.open(each);
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
