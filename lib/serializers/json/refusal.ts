import { types } from 'node:util';
import { CacheSerializationError } from '../../core/cache.errors.js';
import { classNameOf } from './data-checks.js';

const LONGEST_STEP = 60;
const LONGEST_PATH = 240;
const IDENTIFIER = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;

/** One step into a value: a property, an index, or a step that is written as it is, such as `.keys()[2]`. */
export type Step = string | number | { readonly written: string };

/** The error for a value that could not be given back equal. `what` goes on after the path: `is a function. …`. */
export function refusal(path: readonly Step[], what: string): CacheSerializationError {
  return new CacheSerializationError(
    'CACHE_NOT_SERIALIZABLE',
    `The value cannot be stored as JSON: ${writtenPath(path)} ${what}`,
  );
}

/** Why an unknown value is refused, and what to do. */
export function reasonFor(value: unknown): string {
  if (typeof value === 'function') return 'is a function. Leave it out, or store what it gives.';
  if (typeof value === 'symbol') return 'is a symbol. Use a string.';
  if (types.isPromise(value)) return 'is a promise. Await it first.';
  const name = classNameOf(value as object);
  if (name === 'Object') {
    return 'inherits from another object, which would be lost. Copy what is needed into a plain object.';
  }
  const [what, type] = name === '' ? ['an unnamed class', 'TheClass'] : [name, name];
  return `is an instance of ${what}, which would not come back as one. Pass { type: ${type} } at the call if it is the value itself or an item of the list, describe the class in json({ types: [{ name, is, encode, decode }] }), or take plain data back with json({ instances: 'plain' }).`;
}

/** The step to the value of a Map's entry. */
export function entryStep(key: unknown, index: number): Step {
  return typeof key === 'string'
    ? { written: `.get(${JSON.stringify(cut(key))})` }
    : itemStep(index);
}

/** The step to an item of a Set. */
export function itemStep(index: number): Step {
  return { written: `.values()[${index}]` };
}

/** A path inside a value, such as `$.user.tags[3]`. */
function writtenPath(path: readonly Step[]): string {
  const text = `$${path.map(writtenStep).join('')}`;
  const half = LONGEST_PATH / 2;
  return text.length <= LONGEST_PATH ? text : `${text.slice(0, half)}…${text.slice(-half)}`;
}

function writtenStep(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'object') return step.written;
  return IDENTIFIER.test(step) ? `.${cut(step)}` : `[${JSON.stringify(cut(step))}]`;
}

function cut(text: string): string {
  return text.length <= LONGEST_STEP ? text : `${text.slice(0, LONGEST_STEP - 1)}…`;
}
