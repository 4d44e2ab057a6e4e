import type { Type } from '@nestjs/common';
import { MetadataScanner, Reflector, type ModulesContainer } from '@nestjs/core';
import { CACHE_KEY_METADATA } from '../cache.constants.js';

/**
 * True if another class of the application has the same name, and a handler of the same name that bears `@CacheKey()`.
 *
 * Two endpoints of GraphQL may each have a `CatsResolver.cat`, and no name that is the same in every process tells these
 * apart.
 */
export function hasTwin(
  owner: Type<unknown>,
  handlerName: string,
  modules: ModulesContainer,
): boolean {
  const scanner = new MetadataScanner();
  const reflector = new Reflector();
  const isKeyed = (method: unknown): boolean =>
    typeof method === 'function' &&
    method.name === handlerName &&
    reflector.get<unknown>(CACHE_KEY_METADATA, method) !== undefined;

  for (const other of providedBy(modules)) {
    if (other === owner || other.name !== owner.name) continue;
    const prototype = other.prototype as Record<string, unknown>;
    if (scanner.getAllMethodNames(prototype).some((name) => isKeyed(prototype[name]))) return true;
  }
  return false;
}

type Class = abstract new (...args: never[]) => unknown;

function* providedBy(modules: ModulesContainer): Iterable<Class> {
  for (const { providers } of modules.values()) {
    for (const { metatype, instance } of providers.values()) {
      if (typeof metatype === 'function') yield metatype as unknown as Class;
      // Of a factory, Nest knows only what it made.
      const made: unknown = (instance as object | null | undefined)?.constructor;
      if (typeof made === 'function') yield made as Class;
    }
  }
}
