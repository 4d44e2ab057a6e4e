// On globalThis, because an application may load the ESM and the CommonJS build of this package.
const KEY = Symbol.for('nestjs-cache:pages-aliases');
const store = globalThis as { [KEY]?: Set<string> };
const aliases = (store[KEY] ??= new Set());

/** Remembers that a route keeps its pages in the cache of an alias. Decorators run before any module is built. */
export function recordPagesAlias(alias: string): void {
  aliases.add(alias);
}

/** The aliases that any route of this process names for its pages. */
export function pagesAliases(): string[] {
  return [...aliases];
}
