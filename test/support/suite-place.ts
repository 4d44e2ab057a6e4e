import { setTimeout as sleep } from 'node:timers/promises';
import { type FakeClock, fakeClock } from 'nestjs-cache-framework/testing';
import type { CacheBackendFactory } from '../../lib/core/cache-backend.interface.js';
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
  /** False: the backend cannot tell how long a value lives, so moving one to another version needs a timeout. */
  readonly tellsTtl: boolean;
  /** What stands in front of every `keyPrefix`, because tests share a server. Mostly nothing. */
  readonly prefix: string;
  readonly clock: Clock;
  /** The directory, where there is one. */
  readonly directory: string | undefined;
  /** What the caches logged as warnings. */
  readonly warnings: string[];
  open(settings?: PlaceSettings): Promise<CacheService>;
  advance(seconds: number): Promise<void>;
  /** Closes the caches and removes what they left. Idempotent. */
  end(): Promise<void>;
}

/** Puts something in front of the backends of a place, such as `chaos()`. */
export type Wrap = (factory: CacheBackendFactory) => CacheBackendFactory;

/** Makes places. Each is new and empty. */
export interface PlaceMaker {
  readonly backend: string;
  readonly realTime: boolean;
  make(clock?: FakeClock, wrap?: Wrap): CachePlace;
}

/** The same places, with something in front of their backends. */
export function behind(wrap: Wrap, places: PlaceMaker): PlaceMaker {
  return { ...places, make: (clock) => places.make(clock, wrap) };
}

/** What a place is made of. */
export interface Ground {
  readonly backend: string;
  readonly factory: (options: object) => CacheBackendFactory;
  /** Given: no fake clock. */
  readonly prefix?: string;
  readonly directory?: string;
  readonly tellsTtl?: boolean;
  readonly remove?: () => Promise<void>;
}

/** A place whose caches have this ground; with a prefix it is a part of a server, on which time really passes. */
export function placeOn(
  ground: Ground,
  hand: FakeClock = fakeClock(),
  wrap: Wrap = (factory) => factory,
): CachePlace {
  const { backend, factory, prefix, directory } = ground;
  const realTime = prefix !== undefined;
  const clock = realTime ? systemClock : hand;
  const warnings: string[] = [];
  const caches: CacheService[] = [];
  return {
    backend,
    realTime,
    tellsTtl: ground.tellsTtl ?? true,
    prefix: prefix ?? '',
    clock,
    directory,
    warnings,
    open: async ({ options = {}, ...settings } = {}) => {
      const cache = await createCache({
        ...settings,
        keyPrefix: [prefix, settings.keyPrefix].filter(Boolean).join('-'),
        backend: wrap(factory(options)),
        clock,
        logger: into(warnings),
      });
      caches.push(cache);
      return cache;
    },
    advance: async (seconds) => {
      if (realTime) await sleep(seconds * 1000);
      else hand.advance(seconds);
    },
    end: async () => {
      for (const cache of caches) await cache.close();
      await ground.remove?.();
    },
  };
}

function into(warnings: string[]): CacheLogger {
  const keep = (message: string): void => {
    warnings.push(message);
  };
  return { log: () => undefined, warn: keep, error: keep };
}
