import type { CacheParts } from './cache-parts.interface.js';
import type { CacheView } from './cache-view.js';
import { NamespaceBackend } from './namespace.backend.js';
import { describe } from './option-checks.js';

/**
 * The parts of a cache whose entries lie in a namespace of another. Nothing is remembered for it, so there may be any number.
 *
 * @throws {TypeError} if the name is not a non-empty text.
 */
export function namespaceParts(outer: CacheView, name: string): CacheParts {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(
      `The name of a namespace must be a non-empty text, but ${name === '' ? 'an empty one' : describe(name)} was given.`,
    );
  }
  const { parts } = outer;
  const strict = new NamespaceBackend(outer, parts.strict, name);
  const isForgiving = parts.forgiving !== parts.strict;
  return {
    ...parts,
    strict,
    forgiving: isForgiving ? new NamespaceBackend(outer, parts.forgiving, name) : strict,
    // No final key begins with "~" and a digit, so places of namespaces and of entries do not meet.
    space: `${parts.space}~${name.length}:${name}/`,
  };
}
