import type { Payload } from './cache-backend.interface.js';
import type { CacheView } from './cache-view.js';
import type { Loader, LoadOptions } from './call-options.interface.js';
import type { LoadRight } from './load-fences.js';
import type { LoadPlan } from './load-plan.js';
import type { LoadStop } from './load-stop.js';
import type { CallLoader } from './single-flight.js';

/** One load of `getOrSet()` that is under way, for all who wait for it. */
export interface Load<T> {
  readonly view: CacheView;
  /** The key as the caller gave it. */
  readonly key: string;
  readonly finalKey: string;
  readonly source: Loader<T> | T;
  readonly options: LoadOptions<T>;
  readonly plan: LoadPlan;
  readonly callLoader: CallLoader;
  readonly stop: LoadStop;
  readonly right: LoadRight;
}

/** What a load brings. */
export type Landed =
  /** Each caller decodes a copy of its own. */
  | {
      readonly payload: Payload;
      readonly isHit: boolean;
      /** For how long it had not been fresh any more, in milliseconds. Undefined: it is fresh. */
      readonly staleMs?: number;
    }
  /** A value that could not be stored, as it was loaded. */
  | { readonly value: unknown; readonly isHit: false }
  /** Nothing was loaded for the key: the loader of several left it out. */
  | { readonly isAbsent: true };

/**
 * What comes of loading again what is not fresh any more. `held off`: it failed a moment ago, or another is about it; `gone`: it
 * is not there any more.
 */
export type Reloaded = Landed | { readonly failed: unknown } | 'held off' | 'gone';
