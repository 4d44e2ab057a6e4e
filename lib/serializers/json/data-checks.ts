/** The name of the class that an object says it is of; `''` if it does not say. */
export function classNameOf(value: object): string {
  const constructor: unknown = (value as { constructor?: unknown }).constructor;
  return typeof constructor === 'function' ? constructor.name : '';
}

/** Stored data as a list. @throws {TypeError} if it is none. */
export function asList(data: unknown): readonly unknown[] {
  if (Array.isArray(data)) return data;
  throw new TypeError('The stored data is not a list.');
}

/** Stored data as text. @throws {TypeError} if it is none. */
export function asText(data: unknown): string {
  if (typeof data === 'string') return data;
  throw new TypeError('The stored data is not text.');
}

/** Stored data as a number. @throws {TypeError} if it is none. */
export function asNumber(data: unknown): number {
  if (typeof data === 'number') return data;
  throw new TypeError('The stored data is not a number.');
}

/** Stored data as an object that is no list. @throws {TypeError} if it is none. */
export function asRecord(data: unknown): Record<string, unknown> {
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) {
    return data as Record<string, unknown>;
  }
  throw new TypeError('The stored data is not an object.');
}
