import { awaitBackend, backendWaitSeconds, type BackendWait } from './await-backend.js';
import type {
  BackendContext,
  BackendReport,
  CacheBackend,
  CacheBackendFactory,
} from './cache-backend.interface.js';
import { publish } from './cache-events.js';
import { CacheLife } from './cache-life.js';
import { CacheLog, consoleLogger, type CacheLogger } from './cache-log.js';
import type { CacheOptions } from './cache-options.interface.js';
import type { CacheParts } from './cache-parts.interface.js';
import { CacheService } from './cache.service.js';
import { CacheConfigError, reasonOf, shortKey } from './cache.errors.js';
import { systemClock, type Clock } from './clock.js';
import { guarded } from './guarded.backend.js';
import { HoldOffs } from './hold-offs.js';
import { KeyBuilder } from './key-builder.js';
import { LoadFences } from './load-fences.js';
import type { Landed, Reloaded } from './load.interface.js';
import { didYouMean } from './option-checks.js';
import { PayloadCodec } from './payload-codec.js';
import { resolveCacheOptions, type ResolvedCacheOptions } from './resolve-cache-options.js';
import type { Serializer } from './serializer.interface.js';
import { SingleFlight } from './single-flight.js';
import { TagMemory } from './tag-memory.js';
import { TurnBudget } from './turn-budget.js';

/** Loads the factory of a backend that is known by name. */
export type BackendLoader = () => Promise<(options: never) => CacheBackendFactory>;

/** What a registry is made from. */
export interface RegistryOptions {
  /** The caches by alias; `default` must be among them. */
  readonly caches: Readonly<Record<string, CacheOptions>>;
  /** The backends that can be named, loaded when they are. */
  readonly backends: Readonly<Record<string, BackendLoader>>;
  /**
   * The cache that keeps the pages of the application: what `default` invalidates by tag falls there too, and what it clears
   * if `isPartOfDefault`. Default: none.
   */
  readonly pages?: { readonly alias: string; readonly isPartOfDefault: boolean } | undefined;
  /** How long the start waits until every backend has answered. Default: not at all. */
  readonly waitForBackends?: BackendWait | undefined;
  /** For caches that name none. */
  readonly serializer: Serializer;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** What chance is made of: at least 0 and less than 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Default: warnings and errors on standard error. */
  readonly logger?: CacheLogger | undefined;
}

/**
 * The caches of one application, by alias.
 *
 * @see Django, django.core.cache.caches
 */
export class CacheRegistry {
  readonly #caches: ReadonlyMap<string, CacheService>;

  private constructor(caches: ReadonlyMap<string, CacheService>) {
    this.#caches = caches;
  }

  /**
   * Makes and opens all caches. Waits for no server, unless `waitForBackends` says so.
   *
   * @throws {CacheConfigError} naming the cache and what to do; what was opened by then is closed.
   * @throws {CacheUnavailableError} if it is to wait for a backend that did not answer in time; likewise.
   */
  static async open(options: RegistryOptions): Promise<CacheRegistry> {
    const log = new CacheLog(options.logger ?? consoleLogger);
    const wait = backendWaitSeconds(options.waitForBackends, log);
    const resolved = Object.entries(options.caches).map(([alias, settings]) =>
      resolveCacheOptions(alias, settings, log),
    );
    if (!Object.hasOwn(options.caches, 'default')) {
      throw new CacheConfigError(
        'CACHE_NO_DEFAULT',
        `There is no cache named "default" among ${names(Object.keys(options.caches))}. Add one under "caches"; it is the one that is injected where none is named.`,
      );
    }
    const shared = new Map<string, unknown>();
    const caches = new Map<string, CacheService>();
    const registry = new CacheRegistry(caches);
    try {
      for (const settings of resolved) {
        const companion = companionOf(settings.alias, options.pages, caches);
        const cache = await openCache(settings, options, shared, log, companion);
        caches.set(settings.alias, cache);
      }
      if (wait > 0) await Promise.all(registry.all().map((cache) => awaitBackend(cache, wait)));
    } catch (error) {
      await registry.close();
      throw error;
    }
    return registry;
  }

  /**
   * The cache of an alias; always the same object.
   *
   * @param alias Default: `default`.
   * @throws {CacheConfigError} `CACHE_UNKNOWN_ALIAS`, with the known ones.
   */
  get(alias = 'default'): CacheService {
    const cache = this.#caches.get(alias);
    if (cache) return cache;
    throw new CacheConfigError(
      'CACHE_UNKNOWN_ALIAS',
      `No cache named "${alias}".${didYouMean(alias, this.aliases())} Configured: ${this.aliases().join(', ')}. Add it under "caches" in CacheModule.forRoot().`,
      { alias },
    );
  }

  /** True if a cache is configured under the alias. */
  has(alias: string): boolean {
    return this.#caches.has(alias);
  }

  /** The configured aliases, in their order. */
  aliases(): string[] {
    return [...this.#caches.keys()];
  }

  /** All caches, in their order. */
  all(): CacheService[] {
    return [...this.#caches.values()];
  }

  /** Closes every cache. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.all().map((cache) => cache.close()));
  }
}

function companionOf(
  alias: string,
  pages: RegistryOptions['pages'],
  caches: ReadonlyMap<string, CacheService>,
): CacheParts['companion'] {
  if (alias !== 'default' || !pages || pages.alias === alias) return () => undefined;
  return () => {
    const cache = caches.get(pages.alias);
    return (
      cache && {
        invalidateTags: (...tags) => cache.invalidateTags(...tags),
        clear: pages.isPartOfDefault ? () => cache.clear() : undefined,
      }
    );
  };
}

async function openCache(
  settings: ResolvedCacheOptions,
  options: RegistryOptions,
  shared: Map<string, unknown>,
  log: CacheLog,
  companion: CacheParts['companion'],
): Promise<CacheService> {
  const { alias, onError } = settings;
  const clock = options.clock ?? systemClock;
  const reporter: { name: string } = { name: 'unknown' };
  const report = (message: BackendReport): void => {
    tell(message, alias, reporter.name, log);
  };
  const context: BackendContext = { alias, scope: settings.keyPrefix, clock, report, shared };
  const backend = await makeBackend(settings, options.backends, context);
  reporter.name = backend.name;
  await backend.open?.();
  const now = (): number => clock.now();
  const flights = { miss: new SingleFlight<Landed>(), throw: new SingleFlight<Landed>() };
  const reloads = { miss: new SingleFlight<Reloaded>(), throw: new SingleFlight<Reloaded>() };
  const parts: CacheParts = {
    alias,
    backend,
    ...guarded(backend, context),
    keys: new KeyBuilder({ ...settings, limits: backend.keyLimits }),
    codec: new PayloadCodec(
      settings.serializer ?? options.serializer,
      settings.isolation,
      backend.getSync !== undefined,
    ),
    timeout: settings.timeout,
    onError,
    flights,
    reloads,
    holdOffs: new HoldOffs(now),
    fences: new LoadFences([flights.miss, flights.throw, reloads.miss, reloads.throw]),
    doubts: new HoldOffs(now),
    turns: new TurnBudget(),
    tagMemory: new TagMemory(),
    space: '',
    life: new CacheLife(),
    companion,
    log,
    warnsOfMilliseconds: process.env['NODE_ENV'] !== 'production',
    now,
    random: options.random ?? Math.random,
    report,
  };
  log.log(`cache "${alias}": ${backend.description ?? backend.name}`);
  return new CacheService(parts);
}

async function makeBackend(
  settings: ResolvedCacheOptions,
  backends: RegistryOptions['backends'],
  context: BackendContext,
): Promise<CacheBackend> {
  const { backend, alias } = settings;
  if (typeof backend === 'object') return checked(backend, alias);
  if (typeof backend === 'function') return checked(await backend(context), alias);
  if (!Object.hasOwn(backends, backend)) {
    const known = Object.keys(backends);
    throw new CacheConfigError(
      'CACHE_UNKNOWN_BACKEND',
      `Cache "${alias}" names the backend "${backend}", which is not known.${didYouMean(backend, known)} Known: ${known.join(', ')}. For a backend of your own give the object or a factory instead of a name.`,
      { alias },
    );
  }
  const factory = (await backends[backend]!()) as (options: object) => CacheBackendFactory;
  const location = settings.location === undefined ? {} : { location: settings.location };
  return factory({ ...settings.options, ...location })(context);
}

const REQUIRED = ['get', 'set', 'add', 'touch', 'delete', 'clear'] as const;

function checked(backend: CacheBackend, alias: string): CacheBackend {
  const missing = REQUIRED.filter((method) => typeof backend?.[method] !== 'function');
  if (missing.length === 0 && typeof backend.name === 'string') return backend;
  throw new CacheConfigError(
    'CACHE_BAD_BACKEND',
    `The backend of cache "${alias}" lacks ${missing.length === 0 ? 'a name' : missing.map((method) => `${method}()`).join(', ')}. A backend has a name and the methods ${REQUIRED.join(', ')}.`,
    { alias },
  );
}

function tell(message: BackendReport, alias: string, backend: string, log: CacheLog): void {
  const event = { alias, backend, durationMs: 0 };
  switch (message.kind) {
    case 'server': {
      const { server, state, error } = message;
      publish({ ...event, operation: 'server', result: state, ...(error ? { error } : {}) });
      if (state === 'up') log.log(`cache "${alias}": ${server} is back.`);
      else log.warn(`cache "${alias}": ${server} is away: ${reasonOf(error)}.`);
      break;
    }
    case 'corrupt':
      publish({ ...event, operation: 'decode', result: 'error', error: message.error });
      log.warnOnce(
        `cache "${alias}": the entry "${shortKey(message.key)}" is taken for a miss: ${reasonOf(message.error)}.`,
        `${alias} ${reasonOf(message.error)}`,
      );
      break;
    case 'warning': {
      const why = message.error === undefined ? '' : `: ${reasonOf(message.error)}`;
      log.warnOnce(`cache "${alias}": ${message.message.replace(/\.$/, '')}${why}.`);
      break;
    }
  }
}

function names(list: readonly string[]): string {
  return list.length === 0 ? 'no caches at all' : list.map((name) => `"${name}"`).join(', ');
}
