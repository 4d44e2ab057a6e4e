import { isEqual } from '../../lib/testing/equality.js';
import type { CacheService } from '../../lib/core/cache.service.js';
import type { TouchOptions } from '../../lib/core/call-options.interface.js';
import type { Timeout } from '../../lib/core/timeout.js';
import { CacheModel, type ModelOptions, nameOf, type Outcome } from './cache-model.js';
import type { Slot, Step, StepOf } from './cache-steps.js';

/** Where a program runs. */
export interface Stage extends ModelOptions {
  readonly cache: CacheService;
  readonly advance?: (seconds: number) => void | Promise<void>;
}

const REFUSALS = new Set(['CacheKeyNotFoundError', 'CacheTypeError']);
const FAILURES = new Set(['CacheBackendError', 'CacheTimeoutError', 'CacheUnavailableError']);

/**
 * Runs a program on a cache and beside it on the model.
 *
 * @returns how many steps there were. @throws {Error} at the first that came out wrong.
 */
export async function runProgram(program: readonly Step[], stage: Stage): Promise<number> {
  const model = new CacheModel(stage);
  for (const [index, step] of program.entries()) {
    if (step.do === 'advance') await stage.advance?.(step.seconds);
    const value = (slot: Slot): unknown => valueOf(step, slot, index);
    const outcome = await outcomeOf(step, cacheOf(step, stage.cache), value);
    const wrong = model.wrong(step, value, outcome);
    if (wrong !== undefined) throw new Error(`Step ${index}, ${step.do}: ${wrong}.`);
  }
  return program.length;
}

/** The cache that a step is about. */
function cacheOf(step: Step, whole: CacheService): CacheService {
  if (!('space' in step) || step.space === '') return whole;
  return step.space.split('/').reduce((cache, name) => cache.namespace(name), whole);
}

async function outcomeOf(
  step: Step,
  cache: CacheService,
  value: (slot: Slot) => unknown,
): Promise<Outcome> {
  const loads = { count: 0 };
  try {
    const answer = await perform(step, cache, value, loads);
    return step.do === 'getOrSet' ? { answer, loads: loads.count } : { answer };
  } catch (error) {
    const { name, message } = error as Error;
    if (REFUSALS.has(name)) return { refused: name };
    if (FAILURES.has(name)) {
      return { failed: message, ...(step.do === 'getOrSet' && { loads: loads.count }) };
    }
    throw error;
  }
}

async function perform(
  step: Step,
  cache: CacheService,
  value: (slot: Slot) => unknown,
  loads: { count: number },
): Promise<unknown> {
  switch (step.do) {
    case 'advance':
      return undefined;
    case 'clear':
      return cache.clear();
    case 'get':
      return cache.get(step.key, undefined, { version: step.version, tags: step.tags });
    case 'has':
    case 'ttl':
    case 'pull':
      return cache[step.do](step.key, { version: step.version, tags: step.tags });
    case 'delete':
      return cache.delete(step.key, { version: step.version });
    case 'invalidateTags':
      return cache.invalidateTags(...step.tags);
    case 'set':
    case 'add':
      return cache[step.do](step.key, value(step), optionsOf(step));
    case 'touch':
      return cache.touch(step.key, optionsOf(step));
    case 'incr':
    case 'decr': {
      const { initial } = step;
      const begin = initial === undefined ? {} : { initial };
      return cache[step.do](step.key, step.delta, { ...optionsOf(step), ...begin });
    }
    case 'incrVersion':
      return step.delta < 0
        ? cache.decrVersion(step.key, -step.delta, optionsOf(step))
        : cache.incrVersion(step.key, step.delta, optionsOf(step));
    case 'getMany':
      return cache.getMany(step.keys, { version: step.version, tags: step.tags });
    case 'deleteMany':
      return cache.deleteMany(step.keys, { version: step.version });
    case 'setMany': {
      const { space, keys, version } = step;
      return cache.setMany(
        keys.map((key) => [key, value({ space, key, version })] as const),
        optionsOf(step),
      );
    }
    default:
      return load(step, cache, value(step), loads);
  }
}

/** Several callers at once, who get one answer, each a copy of its own. */
async function load(
  step: StepOf<'getOrSet'>,
  cache: CacheService,
  value: unknown,
  loads: { count: number },
): Promise<unknown> {
  const loader = async (): Promise<unknown> => {
    loads.count += 1;
    return value;
  };
  const calls = Array.from({ length: step.callers }, () =>
    cache.getOrSet(step.key, loader, optionsOf(step)),
  );
  const settled = await Promise.allSettled(calls);
  const answers = settled.flatMap((call) => (call.status === 'fulfilled' ? [call.value] : []));
  const isOne = answers.every((each) => isEqual(each, answers[0]));
  const isObject = typeof answers[0] === 'object' && answers[0] !== null;
  const areOwn = !isObject || new Set(answers).size === answers.length;
  if (!isOne || !areOwn || (answers.length > 0 && answers.length < calls.length)) {
    throw new Error('Callers who waited for one load got different answers, or the same object.');
  }
  return calls[0];
}

function optionsOf(step: {
  readonly version: number;
  readonly timeout: Timeout | undefined;
  readonly tags?: readonly string[] | undefined;
}): Omit<TouchOptions, 'type'> {
  const { version, timeout, tags } = step;
  return { version, timeout, tags };
}

/** What a step stores in a slot: no other step stores the same, nor this one elsewhere, but for integers and null. */
function valueOf(step: Step, slot: Slot, index: number): unknown {
  if (!('kind' in step)) return undefined;
  const proof = `${nameOf(slot)} #${index}`;
  switch (step.kind) {
    case 'text':
      return proof;
    case 'long text':
      return proof.padEnd(20_000, '.');
    case 'data':
      return { proof, list: [index, null, [proof]], when: new Date(index) };
    case 'bytes':
      return Buffer.from(proof);
    case 'integer':
      return index;
    default:
      return null;
  }
}
