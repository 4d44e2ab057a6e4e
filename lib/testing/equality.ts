/**
 * True if two values are equal in all that a cache has to give back: type, own keys and their order in maps, sets and
 * arrays, the sign of zero, an absent array element and an undefined one apart.
 *
 * Types are told by their tag and not by `instanceof`, because values may come from another realm under a test runner.
 */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const tag = tagOf(a);
  if (tag !== tagOf(b)) return false;
  switch (tag) {
    case 'Date':
      return Object.is((a as Date).getTime(), (b as Date).getTime());
    case 'RegExp':
      return (
        (a as RegExp).source === (b as RegExp).source && (a as RegExp).flags === (b as RegExp).flags
      );
    case 'URL':
      return (a as URL).href === (b as URL).href;
    case 'Error':
      return (
        (a as Error).name === (b as Error).name && (a as Error).message === (b as Error).message
      );
    case 'Map':
    case 'Set':
      return areListsEqual([...(a as Iterable<unknown>)], [...(b as Iterable<unknown>)]);
    case 'Array':
      return areListsEqual(a as unknown[], b as unknown[]);
    case 'Buffer':
    case 'Uint8Array':
      return Buffer.compare(a as Uint8Array, b as Uint8Array) === 0;
    default:
      return areObjectsEqual(a as Record<string, unknown>, b as Record<string, unknown>);
  }
}

function areListsEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  // An index loop, because the methods of arrays pass over absent elements.
  for (let index = 0; index < a.length; index += 1) {
    if (index in a !== index in b || !isEqual(a[index], b[index])) return false;
  }
  return true;
}

function areObjectsEqual(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]))
  );
}

function tagOf(value: object): string {
  if (Buffer.isBuffer(value)) return 'Buffer';
  return Object.prototype.toString.call(value).slice(8, -1);
}
