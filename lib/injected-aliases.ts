import type { ModulesContainer } from '@nestjs/core';

type Class = abstract new (...args: never[]) => unknown;

// On globalThis, because an application may load the ESM and the CommonJS build of this package.
const KEY = Symbol.for('nestjs-cache:injected-aliases');
const store = globalThis as { [KEY]?: Map<string, Set<Class>> };
const injected = (store[KEY] ??= new Map());

/** Remembers that a class injects the cache of an alias. Decorators run before any module is built. */
export function recordInjection(alias: string, target: object): void {
  const classes = injected.get(alias) ?? new Set();
  classes.add((typeof target === 'function' ? target : target.constructor) as Class);
  injected.set(alias, classes);
}

/** The aliases that any class of this process injects. */
export function injectedAliases(): string[] {
  return [...injected.keys()];
}

/** True if a class of this application injects the alias; another application in the process does not count. */
export function isInjected(alias: string, modules: ModulesContainer): boolean {
  const classes = [...(injected.get(alias) ?? [])];
  const uses = (metatype: unknown): boolean =>
    classes.some(
      (target) =>
        metatype === target ||
        (typeof metatype === 'function' && metatype.prototype instanceof target),
    );
  return [...modules.values()].some((module) =>
    [module.providers, module.controllers, module.injectables].some((wrappers) =>
      [...wrappers.values()].some((wrapper) => uses(wrapper.metatype)),
    ),
  );
}
