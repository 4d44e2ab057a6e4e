import { VersioningType, type ExecutionContext } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import type { BypassReason } from './bypass-reasons.js';
import { urlsOf, type HttpExchange } from './http-exchange.js';
import type { PageAddress } from './page-key.js';
import type { RouteCache } from './route-cache.accessor.js';

/** An address, or why there is none, with the error that led to it if one did. */
export type PageAddressResult =
  { readonly address: PageAddress } | { readonly reason: BypassReason; readonly error?: unknown };

/** Finds out where the page of a request stands. */
export class PageAddressAccessor {
  readonly #config: ApplicationConfig;

  constructor(config: ApplicationConfig) {
    this.#config = config;
  }

  /** Never rejects: what the application's own functions throw is a reason not to cache. */
  async of(
    context: ExecutionContext,
    exchange: HttpExchange,
    route: RouteCache,
  ): Promise<PageAddressResult> {
    let target: readonly string[] | undefined;
    try {
      target = await targetOf(context, exchange, route);
    } catch (error) {
      return { reason: 'key', error };
    }
    if (!target) return { reason: 'key' };
    try {
      const { asked } = exchange;
      const address = {
        route: route.identity,
        scheme: asked.protocol ?? '',
        host: asked.hostname ?? '',
        target,
        ...this.#versionOf(asked),
      };
      return { address };
    } catch (error) {
      return { reason: 'version', error };
    }
  }

  #versionOf(asked: unknown): Pick<PageAddress, 'version' | 'routedBy'> {
    const versioning = this.#config.getVersioning();
    switch (versioning?.type) {
      case VersioningType.HEADER:
        return { version: [], routedBy: [versioning.header.toLowerCase()] };
      case VersioningType.MEDIA_TYPE:
        return { version: [], routedBy: ['accept'] };
      case VersioningType.CUSTOM:
        return { version: [versioning.extractor(asked)].flat(), routedBy: [] };
      default:
        return { version: [], routedBy: [] };
    }
  }
}

async function targetOf(
  context: ExecutionContext,
  exchange: HttpExchange,
  { key }: RouteCache,
): Promise<readonly string[] | undefined> {
  const urls = urlsOf(exchange);
  if (key === undefined) return ['url', ...urls];
  if (typeof key === 'string') {
    return ['key', key, parametersOf(exchange), ...urls.map(queryOf)];
  }
  const made = await key(context);
  return typeof made === 'string' && made !== '' ? ['made', made] : undefined;
}

function parametersOf({ asked }: HttpExchange): string {
  const entries = Object.entries(asked.params ?? {});
  return JSON.stringify(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** From the first sign that may begin a query; a router may be told that ";" does. */
function queryOf(url: string): string {
  const start = url.search(/[?;]/);
  return start === -1 ? '' : url.slice(start);
}
