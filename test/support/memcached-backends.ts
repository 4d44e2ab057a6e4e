import { memcached, type MemcachedOptions } from '../../lib/backends/memcached/index.js';
import type {
  BackendContext,
  BackendReport,
  CacheBackend,
  Payload,
} from '../../lib/core/cache-backend.interface.js';
import { type Clock, systemClock } from '../../lib/core/clock.js';

type Native =
  'getMany' | 'setMany' | 'deleteMany' | 'incr' | 'lease' | 'open' | 'close' | 'ping' | 'stats';

/** A memcached backend with its optional methods. */
export type OpenedBackend = CacheBackend & Required<Pick<CacheBackend, Native | 'flushServer'>>;

/** Options of tests that are not about deadlines: none is met, however busy the machine is. */
export const PATIENT = { deadlineMs: 20_000, connectTimeoutMs: 20_000 } as const;

/** The backends that one test opened. */
export interface OpenedBackends {
  /** Opens a backend for the tests' scope. */
  open(options: MemcachedOptions, more?: Partial<BackendContext>): Promise<OpenedBackend>;
  /** What all of them reported. */
  readonly reports: BackendReport[];
  /** Closes them. */
  close(): Promise<void>;
}

/**
 * Opens backends and closes them all.
 *
 * @param defaults Options for all of them. Where deadlines are not the subject, `PATIENT` keeps a busy machine from being taken
 * for a hung server.
 */
export function openedBackends(
  defaults: MemcachedOptions = {},
  clock: Clock = systemClock,
): OpenedBackends {
  const reports: BackendReport[] = [];
  const backends: OpenedBackend[] = [];
  return {
    reports,
    open: async (options, more = {}) => {
      const backend = (await memcached({ ...defaults, ...options })({
        alias: 'default',
        scope: 'shop',
        clock,
        report: (report) => void reports.push(report),
        shared: new Map(),
        ...more,
      })) as OpenedBackend;
      backends.push(backend);
      await backend.open();
      return backend;
    },
    close: async () => {
      await Promise.all(backends.splice(0).map((backend) => backend.close()));
    },
  };
}

/** A text payload, as Python's clients mark it. */
export function text(data: string): Payload {
  return { flags: 16, data };
}

/** The text in a payload; undefined for a miss. */
export function textOf(payload: Payload | undefined): string | undefined {
  return payload?.data.toString();
}

/** The code of the error that a call rejects with; `answered` if it does not. */
export function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'answered',
    (error: { code: unknown }) => error.code,
  );
}
