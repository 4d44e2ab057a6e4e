import { VersioningType, type ExecutionContext, type VersioningOptions } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import { describe } from '../core/option-checks.js';
import type { BypassReason } from './bypass-reasons.js';
import { checkedTags } from '../core/tags.js';
import { userOf, urlsOf, type HttpExchange } from './http-exchange.js';
import type { RequestHead } from './http-head.js';
import type { ResolvedHttpOptions } from './http.options.js';
import type { PageAddress } from './page-key.js';
import { keyTag, pathTag, routeTag } from './page-tags.js';
import { filterQuery } from './query-filter.js';
import { cookieVariants } from './request-cookies.js';
import type { RouteCache } from './route-cache.accessor.js';

/** Where a page stands, and the tags by which it may be removed. */
export interface FoundAddress {
  readonly address: PageAddress;
  readonly tags: readonly string[];
}

/** An address, or why there is none, with the error that led to it if one did. */
export type PageAddressResult =
  FoundAddress | { readonly reason: BypassReason; readonly error?: unknown };

type Versioning = Pick<PageAddress, 'version' | 'routedBy'>;

/** What route and application say of an address, whether they declared it or their functions did. */
interface ToldAddress {
  /** As `@CacheKey()` has it; undefined: the URL stands for the page. */
  readonly key: string | undefined;
  readonly versioning: Versioning;
  readonly variants: readonly string[];
  readonly tags: readonly string[];
}

/** Why there is no address. */
class NoAddress extends Error {
  constructor(
    readonly reason: BypassReason,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** Finds out where the page of a request stands. */
export class PageAddressAccessor {
  readonly #config: ApplicationConfig;
  readonly #options: ResolvedHttpOptions;

  constructor(config: ApplicationConfig, options: ResolvedHttpOptions) {
    this.#config = config;
    this.#options = options;
  }

  /**
   * At once for a route that asks no function of the application. Never throws or rejects: what such a function throws is a
   * reason not to cache.
   */
  of(
    context: ExecutionContext,
    exchange: HttpExchange,
    head: RequestHead,
    route: RouteCache,
  ): PageAddressResult | Promise<PageAddressResult> {
    const { key, page, vary } = route;
    const versioning = this.#config.getVersioning();
    const isDeclared =
      typeof key !== 'function' &&
      typeof page.tags !== 'function' &&
      vary.users.length === 0 &&
      vary.functions.length === 0 &&
      versioning?.type !== VersioningType.CUSTOM;
    if (!isDeclared) return this.#asked(context, exchange, head, route);
    if (!isUsable(key)) return { reason: 'key' };
    return this.#found(exchange, route, {
      key,
      versioning: declaredVersion(versioning),
      variants: cookieVariants(head, vary.cookies),
      tags: page.tags ?? [],
    });
  }

  async #asked(
    context: ExecutionContext,
    exchange: HttpExchange,
    head: RequestHead,
    route: RouteCache,
  ): Promise<PageAddressResult> {
    try {
      const { key } = route;
      const made = typeof key === 'function' ? await asking('key', () => key(context)) : key;
      if (key !== undefined && (made === undefined || !isUsable(made))) throw new NoAddress('key');
      return this.#found(exchange, route, {
        key: made,
        versioning: await asking('version', () => this.#versionOf(exchange.asked)),
        variants: await variantsOf(context, exchange, head, route),
        tags: await tagsOf(context, route),
      });
    } catch (error) {
      if (!(error instanceof NoAddress)) throw error;
      const { reason, cause } = error;
      return cause === undefined ? { reason } : { reason, error: cause };
    }
  }

  #found(exchange: HttpExchange, route: RouteCache, told: ToldAddress): FoundAddress {
    const { key, versioning, variants, tags } = told;
    const { asked } = exchange;
    const address = {
      keyPrefix: route.page.keyPrefix ?? this.#options.keyPrefix,
      route: route.identity,
      scheme: asked.protocol ?? '',
      host: asked.hostname ?? '',
      target: targetOf(exchange, route, key, this.#config.getVersioning()),
      version: versioning.version,
      routedBy: [...new Set([...versioning.routedBy, ...route.vary.headers])],
      variants,
      trustsProxy: this.#options.trustProxy,
    };
    const own = key === undefined ? tags : [keyTag(key), ...tags];
    const all = [...urlsOf(exchange).map(pathTag), routeTag(route.name), ...own];
    return { address, tags: [...new Set(all)] };
  }

  #versionOf(asked: unknown): Versioning {
    const versioning = this.#config.getVersioning();
    return versioning?.type === VersioningType.CUSTOM
      ? { version: ['custom', ...[versioning.extractor(asked)].flat().map(written)], routedBy: [] }
      : declaredVersion(versioning);
  }
}

/** A version as text, also where the extractor finds none. */
function written(version: unknown): string {
  return `${typeof version} ${String(version)}`;
}

/** Where the version stands if no function of the application finds it. */
function declaredVersion(versioning: VersioningOptions | undefined): Versioning {
  switch (versioning?.type) {
    case VersioningType.HEADER:
      return { version: [], routedBy: [versioning.header.toLowerCase()] };
    case VersioningType.MEDIA_TYPE:
      return { version: [], routedBy: ['accept'] };
    default:
      return { version: [], routedBy: [] };
  }
}

/** Calls a function of the application; if it fails, there is no address for this reason. */
async function asking<T>(reason: BypassReason, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new NoAddress(reason, { cause });
  }
}

/** False for what is no key, which a function may return and a decorator of plain JavaScript be given. */
function isUsable(key: string | undefined): boolean {
  return key === undefined || (typeof key === 'string' && key !== '');
}

function targetOf(
  exchange: HttpExchange,
  { key, vary, isManifold, versions }: RouteCache,
  made: string | undefined,
  versioning: VersioningOptions | undefined,
): string[] {
  const whole = urlsOf(exchange);
  // Nothing but the path tells in which of its modules the controller was asked, or for which of its versions.
  const where = (): string[] =>
    isManifold ? whole.map(pathOf) : versionsIn(whole, versions, versioning);
  if (typeof key === 'function') return ['made', made!, ...where()];
  const urls = vary.query === undefined ? whole : whole.map((url) => filterQuery(url, vary.query!));
  if (key === undefined) return ['url', ...urls];
  return ['key', key, parametersOf(exchange), ...urls.map(queryOf), ...where()];
}

async function variantsOf(
  context: ExecutionContext,
  exchange: HttpExchange,
  head: RequestHead,
  { vary }: RouteCache,
): Promise<string[]> {
  const variants = cookieVariants(head, vary.cookies);
  for (const select of vary.users) {
    const user = userOf(exchange);
    // A promise is not meant, but one that rejects and is not waited for would end the process.
    const given = await asking('vary-failed', () =>
      user === undefined ? undefined : select(user as never),
    );
    const own = await asking('vary-failed', () => plain(given));
    if (own === undefined || own === null || own === '') throw new NoAddress('user');
    variants.push('user', typeof own, String(own));
  }
  for (const select of vary.functions) {
    const own = await asking('vary-failed', async () => plain(await select(context)));
    variants.push('function', own === null ? 'null' : typeof own, String(own));
  }
  return variants;
}

/** @throws {TypeError} for what has no text of its own: two users, or two tenants, would get one page. */
function plain<T>(value: T): T {
  if (!['object', 'function', 'symbol'].includes(typeof value) && !Number.isNaN(value))
    return value;
  if (value === null) return value;
  throw new TypeError(
    `@VaryOn() needs a text, a number or another plain value to tell pages apart by, but got ${describe(value)}`,
  );
}

async function tagsOf(
  context: ExecutionContext,
  { page: { tags = [] } }: RouteCache,
): Promise<readonly string[]> {
  return typeof tags === 'function'
    ? asking('tags', async () => checkedTags(await tags(context)))
    : tags;
}

function parametersOf({ asked }: HttpExchange): string {
  const entries = Object.entries(asked.params ?? {});
  return JSON.stringify(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Of the paths, what tells the versions of a route apart that has several in its URL. */
function versionsIn(
  urls: readonly string[],
  own: RouteCache['versions'],
  versioning: VersioningOptions | undefined,
): string[] {
  if (versioning?.type !== VersioningType.URI) return [];
  const versions = [own ?? versioning.defaultVersion].flat();
  if (versions.length < 2) return [];
  const prefix = versioning.prefix === false ? '' : (versioning.prefix ?? 'v');
  const segments = new Set(versions.map((version) => `${prefix}${String(version)}`));
  return urls.map(pathOf).map((path) => {
    const found = path.split('/').filter((segment) => segments.has(segment));
    // None, or written as only a router reads it.
    return found.length > 0 ? found.join('/') : path;
  });
}

function pathOf(url: string): string {
  return url.slice(0, url.length - queryOf(url).length);
}

/** From the first sign that may begin a query: to Fastify "#" does, and a router may be told that ";" does. */
function queryOf(url: string): string {
  const start = url.search(/[?;#]/);
  return start === -1 ? '' : url.slice(start);
}
