import { asRecord, asText, classNameOf } from './data-checks.js';
import { setOwn } from './tag-format.js';

/** What is stored of an error. The stack is not: it names files of this machine, and nothing there is of use later. */
export interface StoredError {
  /** The built-in class; no other is ever made again. */
  readonly type: string;
  /** Its own enumerable properties, such as `code`. */
  readonly own: Record<string, unknown>;
  /** Of `message`, `name`, `cause` and `errors` those that are not enumerable, as the classes make them. */
  readonly hidden: Record<string, unknown>;
}

const CLASSES: ReadonlyMap<string, new () => Error> = new Map<string, new () => Error>([
  ['Error', Error],
  ['TypeError', TypeError],
  ['RangeError', RangeError],
  ['SyntaxError', SyntaxError],
  ['ReferenceError', ReferenceError],
  ['EvalError', EvalError],
  ['URIError', URIError],
  // Without its list it cannot be made; the stored one replaces it.
  ['AggregateError', AggregateError.bind(undefined, []) as unknown as new () => Error],
]);

const HIDDEN = ['message', 'name', 'cause', 'errors'];

/** True for the name of a built-in class of errors. */
export function isErrorClass(name: string): boolean {
  // The errors that Node 20 itself throws are of an inner class of this name; later ones are of the built-in class.
  return CLASSES.has(name) || name === 'NodeError';
}

/** What is stored of an error, its properties as they are. */
export function storedError(error: Error): StoredError {
  const type = builtInClassOf(error);
  const own: Record<string, unknown> = {};
  const hidden: Record<string, unknown> = {};
  for (const key of Object.keys(error)) {
    if (key !== 'stack') setOwn(own, key, (error as unknown as Record<string, unknown>)[key]);
  }
  for (const key of HIDDEN) {
    const property = Object.getOwnPropertyDescriptor(error, key);
    if (property?.enumerable === false) {
      hidden[key] = (error as unknown as Record<string, unknown>)[key];
    }
  }
  // A class of its own may say its name on the prototype, which does not come back.
  if (!Object.hasOwn(error, 'name') && error.name !== type) hidden['name'] = error.name;
  return { type, own, hidden };
}

/** The error of what was stored of one. @throws {TypeError} if the data is not of that form. */
export function revivedError(data: unknown): Error {
  const { type, own, hidden } = asRecord(data);
  const Class = CLASSES.get(asText(type));
  if (Class === undefined) throw new TypeError('The stored error is of no built-in class.');
  const error = new Class();
  // AggregateError makes an empty list of its own.
  delete (error as { errors?: unknown }).errors;
  for (const [key, value] of Object.entries(asRecord(own))) setOwn(error, key, value);
  const entries = asRecord(hidden);
  for (const key of HIDDEN) {
    if (Object.hasOwn(entries, key)) setOwn(error, key, entries[key], false);
  }
  setOwn(error, 'stack', Error.prototype.toString.call(error), false);
  return error;
}

function builtInClassOf(error: object): string {
  let prototype = Object.getPrototypeOf(error) as object | null;
  while (prototype !== null && !CLASSES.has(classNameOf(prototype))) {
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return prototype === null ? 'Error' : classNameOf(prototype);
}
