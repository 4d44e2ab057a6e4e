import type { CacheBackend } from '../core/cache-backend.interface.js';
import type { CaseDefinition } from './contract-case.js';

/**
 * What a backend may lack: the optional methods; `negativeCounters`, where the server's protocol cannot count below zero;
 * `staleLeases`, where `lease()` cannot tell how long an entry has left;
 * and `storage`, which only a backend that keeps nothing lacks.
 */
export type BackendFeature =
  | 'storage'
  | 'getSync'
  | 'setSync'
  | 'getMany'
  | 'setMany'
  | 'deleteMany'
  | 'flags'
  | 'incr'
  | 'negativeCounters'
  | 'lease'
  | 'staleLeases'
  | 'lock'
  | 'ttl'
  | 'ping'
  | 'stats';

/** What a case of the backend contract works on. */
export interface BackendCaseContext {
  readonly backend: CacheBackend;
  /** The final key in the scope of `backend`, as the key layer makes it: replaced by a legal one where its limits say so. */
  readonly key: (name: string) => string;
  /** A second backend over the same place, with another scope. */
  readonly other: () => Promise<BackendCaseContext>;
  /** A short life: an entry written with it is alive now, and over after `expire()`. Whole seconds. */
  readonly life: number;
  /** Lets entries written with `life` expire, and none with 100 seconds or more. */
  readonly expire: () => Promise<void>;
  readonly advance: (seconds: number) => Promise<void>;
  readonly realTime: boolean;
  readonly refusedBytes: number;
  readonly has: Readonly<Partial<Record<BackendFeature, boolean>>>;
}

/** One case of the backend contract. */
export type BackendCase = CaseDefinition<
  BackendFeature | 'a limit on payloads',
  BackendCaseContext
>;
