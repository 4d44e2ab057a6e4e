import { CacheSerializationError } from '../../core/cache.errors.js';

const LONGEST_STEP = 60;
const LONGEST_PATH = 240;

/** One step into a value: a property, an index, or a step that is written as it is, such as `.keys()[2]`. */
export type Step = string | number | { readonly written: string };

/** The error for a value that could not be given back equal. `what` goes on after the path: `is a function. …`. */
export function refusal(path: readonly Step[], what: string): CacheSerializationError {
  return new CacheSerializationError(
    'CACHE_NOT_SERIALIZABLE',
    `The value cannot be stored as JSON: ${writtenPath(path)} ${what}`,
  );
}

/** The step to the value of a Map's entry. */
export function entryStep(key: unknown, index: number): Step {
  const written =
    typeof key === 'string' ? `.get(${JSON.stringify(cut(key))})` : `.values()[${index}]`;
  return { written };
}

/** A path inside a value, such as `$.user.tags[3]`. */
function writtenPath(path: readonly Step[]): string {
  const text = `$${path.map(writtenStep).join('')}`;
  return text.length <= LONGEST_PATH
    ? text
    : `${text.slice(0, LONGEST_PATH / 2)}…${text.slice(-LONGEST_PATH / 2)}`;
}

function writtenStep(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'object') return step.written;
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step)
    ? `.${cut(step)}`
    : `[${JSON.stringify(cut(step))}]`;
}

function cut(text: string): string {
  return text.length <= LONGEST_STEP ? text : `${text.slice(0, LONGEST_STEP - 1)}…`;
}
