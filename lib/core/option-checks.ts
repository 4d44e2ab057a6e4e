import { CacheConfigError } from './cache.errors.js';

/**
 * Refuses option names that are not known, with the one that was probably meant.
 *
 * @param where Where the options stand, such as `CacheModule.forRoot()` or `the options of the file backend`.
 * @throws {CacheConfigError} `CACHE_UNKNOWN_OPTION`.
 */
export function checkOptionNames(where: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new CacheConfigError(
      'CACHE_UNKNOWN_OPTION',
      `Unknown option "${name}" in ${where}.${didYouMean(name, known)} Known options: ${known.join(', ')}.`,
    );
  }
}

/** ` Did you mean "x"?`, or nothing if no known name is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const lower = name.toLowerCase();
  const near = known
    .map((candidate) => ({ candidate, steps: editDistance(lower, candidate.toLowerCase()) }))
    .toSorted((a, b) => a.steps - b.steps)[0];
  return near && near.steps <= Math.max(2, Math.floor(name.length * 0.4))
    ? ` Did you mean "${near.candidate}"?`
    : '';
}

/**
 * The error for an option whose value is none of those allowed.
 *
 * @param allowed What is allowed, as the end of a sentence: `a whole number of at least 1`.
 */
export function badOption(
  where: string,
  name: string,
  value: unknown,
  allowed: string,
): CacheConfigError {
  return new CacheConfigError(
    'CACHE_BAD_OPTION',
    `"${name}" in ${where} is ${describe(value)}, but must be ${allowed}.`,
  );
}

/** Refuses anything but a whole number within the bounds. Undefined passes: the default holds. @throws {CacheConfigError} */
export function checkInteger(
  where: string,
  name: string,
  value: unknown,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): void {
  if (value === undefined) return;
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return;
  const upTo = max === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${max}`;
  throw badOption(where, name, value, `a whole number of at least ${min}${upTo}`);
}

/** Refuses anything but true and false. Undefined passes: the default holds. @throws {CacheConfigError} */
export function checkBoolean(where: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') {
    throw badOption(where, name, value, 'true or false');
  }
}

/** Refuses anything but one of the words. Undefined passes: the default holds. @throws {CacheConfigError} */
export function checkOneOf(
  where: string,
  name: string,
  value: unknown,
  words: readonly string[],
): void {
  if (value === undefined || words.includes(value as string)) return;
  throw badOption(where, name, value, words.map((word) => `"${word}"`).join(' or '));
}

/** The options that are given: one that is given as undefined is not. */
export function givenOf<T extends object>(
  options: T,
): { readonly [Name in keyof T]: Exclude<T[Name], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { readonly [Name in keyof T]: Exclude<T[Name], undefined> };
}

/** A value as a message may show it: short, and never the inside of an object. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `"${value.length > 60 ? `${value.slice(0, 59)}…` : value}"`;
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? 'a list' : 'an object';
    case 'function':
      return 'a function';
    default:
      return String(value);
  }
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + change));
    }
    previous = row;
  }
  return previous[b.length]!;
}
