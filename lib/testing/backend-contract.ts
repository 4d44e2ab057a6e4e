import { randomUUID } from 'node:crypto';
import type { CacheBackend } from '../core/cache-backend.interface.js';
import { KeyBuilder } from '../core/key-builder.js';
import { concurrencyCases } from './backend-concurrency.cases.js';
import { counterCases } from './backend-counter.cases.js';
import { entryCases } from './backend-entry.cases.js';
import { keyCases } from './backend-key.cases.js';
import { leaseCases } from './backend-lease.cases.js';
import { lockCases } from './backend-lock.cases.js';
import { manyCases } from './backend-many.cases.js';
import { payloadCases } from './backend-payload.cases.js';
import { syncCases } from './backend-sync.cases.js';
import { timeCases } from './backend-time.cases.js';
import type { BackendCase, BackendCaseContext, BackendFeature } from './backend-case.js';
import { buildCases } from './contract-case.js';
import type { ContractCase, ContractOptions } from './contract-case.js';

/** How a backend is put under its contract. */
export interface BackendContractOptions extends ContractOptions<BackendFeature> {
  /**
   * Makes a backend for a scope and opens it. All backends of one contract keep their entries in one place, so that
   * `clear()` can be seen to leave other scopes alone.
   *
   * @param scope Different in each case, and the beginning of every final key that the case uses.
   */
  readonly create: (scope: string) => CacheBackend | Promise<CacheBackend>;
  /** Takes a backend away. Default: `backend.close()`. */
  readonly dispose?: (backend: CacheBackend) => void | Promise<void>;
  /**
   * The size in bytes from which the backend refuses a payload. Absent: there is none, and its cases are skipped.
   */
  readonly refusedBytes?: number;
}

/**
 * The contract of `CacheBackend`, as cases for any test runner: six methods, and the native ones that are there.
 *
 * @example
 * const clock = fakeClock();
 * const cases = backendContract({
 *   create: (scope) => new ShelfBackend({ scope, clock }),
 *   advance: (seconds) => clock.advance(seconds),
 *   supports: { incr: false },
 * });
 * for (const { title, run, skipped } of cases) (skipped ? it.skip : it)(title, run);
 */
export function backendContract(options: BackendContractOptions): ContractCase[] {
  const { refusedBytes } = options;
  const definitions: BackendCase[] = [
    ...entryCases,
    ...timeCases,
    ...payloadCases,
    ...keyCases,
    ...manyCases,
    ...counterCases,
    ...syncCases,
    ...leaseCases,
    ...lockCases,
    ...concurrencyCases,
  ];
  const supports = { ...options.supports, 'a limit on payloads': refusedBytes !== undefined };
  return buildCases(definitions, { ...options, supports }, (run) => inContext(options, run));
}

async function inContext(
  options: BackendContractOptions,
  run: (context: BackendCaseContext) => Promise<void>,
): Promise<void> {
  const backends: CacheBackend[] = [];
  const { advance, realTime = false, refusedBytes = Infinity, supports = {} } = options;
  const life = realTime ? 2 : 10;

  const open = async (): Promise<BackendCaseContext> => {
    const scope = `c-${randomUUID().slice(0, 13)}`;
    const backend = await options.create(scope);
    backends.push(backend);
    const keys = new KeyBuilder({
      alias: 'contract',
      keyPrefix: scope,
      version: 1,
      invalidKeys: 'hash',
      limits: backend.keyLimits,
    });
    return {
      backend,
      key: (name) => keys.build(name),
      other: open,
      life,
      // A server that counts whole seconds may be a moment late.
      expire: async () => advance(realTime ? life + 0.3 : life),
      advance: async (seconds) => advance(seconds),
      realTime,
      refusedBytes,
      has: supports,
    };
  };

  try {
    await run(await open());
  } finally {
    for (const backend of backends) {
      await (options.dispose ? options.dispose(backend) : backend.close?.());
    }
  }
}
