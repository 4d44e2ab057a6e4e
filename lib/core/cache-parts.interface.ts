import type { BackendReport, CacheBackend } from './cache-backend.interface.js';
import type { OnError } from './cache-options.interface.js';
import type { Landed } from './get-or-set.js';
import type { GuardedBackends } from './guarded.backend.js';
import type { KeyBuilder } from './key-builder.js';
import type { LoadFences } from './load-fences.js';
import type { CacheLife } from './cache-life.js';
import type { CacheLog } from './cache-log.js';
import type { PayloadCodec } from './payload-codec.js';
import type { SingleFlight } from './single-flight.js';
import type { TagMemory } from './tag-memory.js';
import type { Timeout } from './timeout.js';
import type { TurnBudget } from './turn-budget.js';

/** What a cache is made of; all views of it share these. Put together by the registry. */
export interface CacheParts extends GuardedBackends {
  readonly alias: string;
  /** The backend as it was made. */
  readonly backend: CacheBackend;
  readonly keys: KeyBuilder;
  readonly codec: PayloadCodec;
  /** Holds if a call does not say. */
  readonly timeout: Timeout;
  readonly onError: OnError;
  /** Loads under way. A failure must not cross from a strict view into a forgiving one, so each mode has its own. */
  readonly flights: Readonly<Record<OnError, SingleFlight<Landed>>>;
  /** What keeps these loads from storing what is out of date. */
  readonly fences: LoadFences;
  readonly turns: TurnBudget;
  readonly log: CacheLog;
  /** True while developing: calls are checked for timeouts that were meant as milliseconds. */
  readonly warnsOfMilliseconds: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly report: (report: BackendReport) => void;
  /** What is known of tags without asking. */
  readonly tagMemory: TagMemory;
  /** The namespace; empty for the whole cache. Namespaces share all parts that tell keys apart by it. */
  readonly space: string;
  /** What all views and namespaces have in common. */
  readonly life: CacheLife;
  /** The cache that keeps the pages of the application, for the one whose tags fall there too; undefined: none. */
  readonly companion: () => Companion | undefined;
}

/** A cache in which something happens because it happens in another. */
export interface Companion {
  invalidateTags(...tags: string[]): Promise<void>;
  /** Undefined: it is not cleared with the other. */
  readonly clear?: (() => Promise<void>) | undefined;
}
