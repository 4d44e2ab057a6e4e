import { expect } from '@jest/globals';
import type { CacheService } from '../../lib/core/cache.service.js';
import type { CachePlace, PlaceSettings } from '../support/suite-place.js';
import { decoded, isNote, raisedBy, type Vector } from '../support/suite-vectors.js';
import { expectListed, type RuleName, STEP_DIFFERENCES } from './vector-differences.js';
import { type Call, callOf, outcomeOf, SILENT, type Step } from './vector-steps.js';

// What decides something is never invented while the server is down; the rest misses.
const DECIDES = new Set(['add', 'incr', 'decr', 'incr_version', 'decr_version', 'clear']);
const COUNTING = new Set(['incr', 'decr', 'incr_version', 'decr_version']);

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

/** Rules about sums: integers only, safe ones only, and below zero on every backend. */
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
    ? { outcome: { value: theirs }, rule: 'negativesCount' }
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
