import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { fakeClock } from 'nestjs-cache-framework/testing';
import { file } from '../../lib/backends/file/index.js';
import { dummy } from '../../lib/backends/dummy/index.js';
import { memcached } from '../../lib/backends/memcached/index.js';
import { memory } from '../../lib/backends/memory/index.js';
import type { BackendContext, CacheBackendFactory } from '../../lib/core/cache-backend.interface.js';
import type { CacheLogger } from '../../lib/core/cache-log.js';
import type { CacheOptions } from '../../lib/core/cache-options.interface.js';
import type { CacheService } from '../../lib/core/cache.service.js';
import { type Clock, systemClock } from '../../lib/core/clock.js';
import { createCache } from '../../lib/create-cache.js';

/** What a test may set on a cache: everything but what makes the place. `options` are the backend's own. */
export type PlaceSettings = Omit<CacheOptions, 'url' | 'backend' | 'location'>;

/** A place of one test, in which its caches keep their entries together. */
export interface CachePlace {
  /** The backend's name. */
  readonly backend: string;
  /** True: `advance` really waits, and whole seconds are counted. */
  readonly realTime: boolean;
  /** What stands in front of every `keyPrefix`, because tests share a server. Mostly nothing. */
  readonly prefix: string;
  readonly clock: Clock;
  /** What the caches logged as warnings. */
  readonly warnings: string[];
  open(settings?: PlaceSettings): Promise<CacheService>;
  advance(seconds: number): Promise<void>;
  /** Closes the caches and removes what they left. */
  end(): Promise<void>;
}

/** Makes places. Each is new and empty. */
export type MakePlace = (name?: string) => CachePlace;

interface Ground {
  readonly backend: string;
  readonly factory: (options: object) => CacheBackendFactory;
  readonly prefix?: string;
  readonly server?: boolean;
  readonly remove?: () => Promise<void>;
}

/** Places in this process, with a clock that is moved by hand. */
export const memoryPlace: MakePlace = () => {
  const shared = new Map<string, unknown>();
  return place({ backend: 'memory', factory: (options) => over(memory(options), { shared }) });
};

/** Places that keep nothing. */
export const dummyPlace: MakePlace = () => place({ backend: 'dummy', factory: () => dummy() });

/** Places in a directory of their own, with a clock that is moved by hand. */
export const filePlace: MakePlace = () => {
  const location = mkdtempSync(join(tmpdir(), 'cache-place-'));
  return place({
    backend: 'file',
    factory: (options) => file({ location, ...options }),
    remove: () => rm(location, { recursive: true, force: true }),
  });
};

/** Places on a memcached server, told apart by the beginning of the key. Time really passes. */
export function memcachedPlace(address: () => string): MakePlace {
  return (name = `t-${randomUUID().slice(0, 13)}`) =>
    place({
      backend: 'memcached',
      factory: (options) => memcached({ location: address(), ...options }),
      prefix: name,
      server: true,
    });
}

function place(ground: Ground): CachePlace {
  const { backend, factory, prefix = '', server = false } = ground;
  const hand = fakeClock();
  const clock = server ? systemClock : hand;
  const warnings: string[] = [];
  const caches: CacheService[] = [];
  return {
    backend,
    realTime: server,
    prefix,
    clock,
    warnings,
    open: async ({ options = {}, ...settings } = {}) => {
      const cache = await createCache({
        ...settings,
        keyPrefix: [prefix, settings.keyPrefix ?? ''].filter(Boolean).join('-'),
        backend: factory(options),
        clock,
        logger: into(warnings),
      });
      caches.push(cache);
      return cache;
    },
    advance: async (seconds) => {
      if (server) await sleep(seconds * 1000);
      else hand.advance(seconds);
    },
    end: async () => {
      for (const cache of caches) await cache.close();
      await ground.remove?.();
    },
  };
}

// Caches opened one by one do not know each other, so what aliases of one application share is handed in.
function over(factory: CacheBackendFactory, common: Partial<BackendContext>): CacheBackendFactory {
  return (context) => factory({ ...context, ...common });
}

function into(warnings: string[]): CacheLogger {
  const keep = (message: string): void => {
    warnings.push(message);
  };
  return { log: () => undefined, warn: keep, error: keep };
}
