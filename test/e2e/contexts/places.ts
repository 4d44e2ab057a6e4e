import { UseInterceptors, type Provider } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { CacheInterceptor } from 'nestjs-cache-framework';
import type { HttpApp } from '../http/http-app.js';

/** Where the interceptor may stand. */
export const PLACES = ['globally', 'on the class', 'on the handler'] as const;

export type Place = (typeof PLACES)[number] | 'nowhere';

/** What puts the interceptor where it is to stand, and nothing where it is not. */
export interface Standing {
  readonly providers: Provider[];
  readonly onClass: ClassDecorator;
  readonly onHandler: MethodDecorator;
}

const nothing = (): void => {};

/** The interceptor's standing in a place. */
export function standing(place: Place): Standing {
  const decorator = UseInterceptors(CacheInterceptor);
  return {
    providers:
      place === 'globally' ? [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }] : [],
    onClass: place === 'on the class' ? decorator : nothing,
    onHandler: place === 'on the handler' ? decorator : nothing,
  };
}

/** How many entries there are, in the cache that services use and in that of the pages. */
export async function itemsOf({ cache, pages }: HttpApp): Promise<number> {
  const stats = await Promise.all([...new Set([cache, pages])].map((each) => each.stats()));
  return stats.flat().reduce((sum, { items }) => sum + (items ?? 0), 0);
}
