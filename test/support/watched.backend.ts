import type {
  CacheBackend,
  CacheBackendFactory,
  Payload,
} from '../../lib/core/cache-backend.interface.js';
import { WrappedBackend, type BackendOperation } from '../../lib/core/wrapped.backend.js';

/** What a test makes of a payload before the cache gets to see it. */
export type Tampering = (payload: Payload) => Payload;

/** The backends that a test watches: those of one factory. */
export class BackendWatch {
  /** Changes whatever is read from now on. */
  tampers: Tampering | undefined;
  readonly #notes = new Set<string>();
  #underWay = 0;

  /** The factory, whose backends are watched. */
  watched(factory: CacheBackendFactory): CacheBackendFactory {
    return async (context) => new WatchedBackend(await factory(context), this);
  }

  /** Resolves when no operation is under way and none follows from the last one. */
  async isQuiet(): Promise<void> {
    for (let calm = 0; calm < 3; calm += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#underWay > 0) calm = -1;
    }
  }

  /** How many entries were stored that are no pages: stamps of tags, and marks of pages that are not waited for. */
  get notes(): number {
    return this.#notes.size;
  }

  /** A call has changed entries. */
  changed(keys: readonly string[]): void {
    for (const key of keys) if (/^~tag:|:alone:page:/.test(key)) this.#notes.add(key);
  }

  /** Makes a call that is watched. */
  async around<T>(call: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return this.#read(await call());
    } finally {
      this.#underWay -= 1;
    }
  }

  #read<T>(answer: T): T {
    if (!this.tampers) return answer;
    if (isPayload(answer)) return this.tampers(answer) as T;
    if (!(answer instanceof Map)) return answer;
    return new Map([...answer].map(([key, value]) => [key, this.#read(value)])) as T;
  }
}

const STORES: ReadonlySet<BackendOperation> = new Set(['add', 'set', 'setMany']);

class WatchedBackend extends WrappedBackend {
  readonly #watch: BackendWatch;

  constructor(inner: CacheBackend, watch: BackendWatch) {
    super(inner);
    this.#watch = watch;
  }

  protected around<T>(
    operation: BackendOperation,
    keys: readonly string[],
    call: () => Promise<T>,
  ): Promise<T> {
    if (STORES.has(operation)) this.#watch.changed(keys);
    return this.#watch.around(call);
  }
}

function isPayload(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && 'flags' in value && 'data' in value;
}
