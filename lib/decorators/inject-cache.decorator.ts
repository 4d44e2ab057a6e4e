import { Inject } from '@nestjs/common';
import { DEFAULT_ALIAS, getCacheToken } from '../cache.constants.js';
import { recordInjection } from '../injected-aliases.js';

/**
 * Injects the cache of an alias into a constructor parameter or a property.
 *
 * An alias that is not configured fails the start with an error that lists the known ones.
 *
 * @param alias Default: `default`.
 * @example constructor(@InjectCache('sessions') private readonly sessions: CacheService) {}
 */
export function InjectCache(alias: string = DEFAULT_ALIAS): PropertyDecorator & ParameterDecorator {
  const inject = Inject(getCacheToken(alias)) as (
    target: object,
    property: string | symbol | undefined,
    index?: number,
  ) => void;
  return (target: object, property: string | symbol | undefined, index?: number): void => {
    recordInjection(alias, target);
    inject(target, property, index);
  };
}
