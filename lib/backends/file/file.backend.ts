import type {
  BackendContext,
  BackendLock,
  CacheBackend,
  CacheBackendFactory,
  LeaseOptions,
  Leased,
  Payload,
  ServerStats,
  Ttl,
} from '../../core/cache-backend.interface.js';
import { CacheClosedError } from '../../core/cache.errors.js';
import { type EntryLife, HEADER_BYTES } from './entry-format.js';
import { type LiveEntry, peekOf } from './entry-lookup.js';
import type { EntryPlace } from './file-layout.js';
import { type FileParts, fileParts } from './file-parts.js';
import { FileLease, type FileLeaseHome } from './file.lease.js';
import { type FileLockHome, takeFileLock } from './file.lock.js';
import { type FileOptions, type ResolvedFileOptions, resolveFileOptions } from './file.options.js';
import type { Turn } from './in-flight.js';
import { inParallel } from './in-parallel.js';
import { isAbsent } from './io-errors.js';
import { clearLeaf } from './leaf-clearing.js';
import { openDirectories } from './open-directories.js';
import { withDescriptors } from './with-descriptors.js';

/** What an operation does at a key's place, in its time. */
type Operation<T> = (place: EntryPlace, turn: Turn) => Promise<T>;

/**
 * Keeps each entry in a file of its own, which outlives the process and is shared with all others that use the directory.
 * `add` and `incr` are atomic across processes. Nothing is forced to the disk: after a power failure an entry may be
 * missing, never wrong.
 *
 * @throws {CacheConfigError} for an unknown option, a value that is not allowed, or no `location`. The directory itself is
 * made and checked by `open()`.
 * @see Django, FileBasedCache
 */
export function file(options: FileOptions): CacheBackendFactory {
  const resolved = resolveFileOptions(options);
  return (context) => new FileBackend(context, resolved);
}

/** The backend made by `file()`. */
export class FileBackend implements CacheBackend {
  readonly name = 'file';
  readonly description: string;
  readonly deadlineMs: number;
  readonly #context: BackendContext;
  readonly #options: ResolvedFileOptions;
  readonly #parts: FileParts;
  readonly #locks: FileLockHome;
  #hits = 0;
  #misses = 0;
  #isClosed = false;

  constructor(context: BackendContext, options: ResolvedFileOptions) {
    this.#context = context;
    this.#options = options;
    this.#parts = fileParts(context, options);
    this.#locks = {
      ...this.#parts,
      run: (operation, ifAbsent) => this.#runOr(ifAbsent, operation),
    };
    this.description = `file ${options.location}`;
    this.deadlineMs = options.deadlineMs;
  }

  async get(key: string): Promise<Payload | undefined> {
    const entry = await this.#at(key, (place, { until }) =>
      this.#parts.lookup.find(place, this.#mostBytes(place), until),
    );
    return this.#read(entry);
  }

  /** False if the value is larger than `maxEntryBytes` or the disk has no room for it. */
  set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    const life = this.#life(ttl);
    return this.#at(key, (place, turn) => this.#parts.storage.set(place, payload, life, turn));
  }

  /** @throws if the disk has no room for it: false would say that somebody else was first. */
  add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    const life = this.#life(ttl);
    return this.#at(key, (place, turn) => this.#parts.storage.add(place, payload, life, turn));
  }

  touch(key: string, ttl: Ttl): Promise<boolean> {
    const life = this.#life(ttl);
    return this.#change(key, false, (place, { until }) =>
      this.#parts.changes.touch(place, life, until),
    );
  }

  delete(key: string): Promise<boolean> {
    return this.#at(key, async (place, { until }) => {
      const { leases, lookup, changes } = this.#parts;
      return (await leases.end(place)) ? changes.remove(place, until) : lookup.remove(place, until);
    });
  }

  async clear(): Promise<void> {
    const existing = await this.#leaves();
    await inParallel(existing, (leaf) =>
      this.#run(({ until }) => clearLeaf(this.#parts, leaf, until)),
    );
  }

  async flags(key: string): Promise<number | undefined> {
    return (await this.#peek(key))?.header.flags;
  }

  incr(key: string, delta: number): Promise<number | undefined> {
    return this.#change(key, undefined, (place, { until }) =>
      this.#parts.changes.incr(place, delta, until),
    );
  }

  lease(key: string, { stale = 0 }: LeaseOptions): Promise<Leased> {
    return this.#at(key, async (place, { until }) => {
      const { leases, storage } = this.#parts;
      const asked = { stale, whole: this.#mostBytes(place) };
      const { entry, isStale, held } = await leases.ask(place, asked, until);
      const payload = this.#read(entry);
      const found = { ...(payload && { payload }), stale: isStale };
      if (!held) return found;
      const home: FileLeaseHome = {
        place,
        leases,
        storage,
        lifeOf: (ttl) => this.#life(ttl),
        run: (operation, ifAbsent) => this.#runOr(ifAbsent, operation),
      };
      return { ...found, lease: new FileLease(held, home) };
    });
  }

  lock(key: string, seconds: number): Promise<BackendLock | undefined> {
    return this.#at(key, (place, { until }) => takeFileLock(this.#locks, place, seconds, until));
  }

  async ttl(key: string): Promise<Ttl | undefined> {
    const entry = await this.#peek(key);
    if (!entry) return undefined;
    const { expiresAt } = entry.header;
    return expiresAt === Infinity ? null : (expiresAt - this.#context.clock.now()) / 1000;
  }

  /** @throws {CacheConfigError} `CACHE_DIRECTORY` if the directory cannot be made or is not safe to use. */
  open(): Promise<void> {
    return openDirectories(this.#parts.directories, this.#options.location, this.#context);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#parts.inFlight.drain();
  }

  /** Writes and removes a file. */
  ping(): Promise<void> {
    const { directories } = this.#parts;
    return this.#run(async () => {
      await directories.open();
      await directories.probe();
    });
  }

  /** Counts the entries by listing the leaves. Hits, misses and evictions are this process's. */
  async stats(): Promise<ServerStats[]> {
    const { leaves, culler } = this.#parts;
    const existing = await this.#leaves();
    const counts = await inParallel(existing, (leaf) =>
      this.#run(async () => (await leaves.list(leaf)).entries.length),
    );
    const items = counts.reduce((sum, count) => sum + count, 0);
    const figures = { hits: this.#hits, misses: this.#misses, evictions: culler.evictions };
    return [{ server: this.description, state: 'up', items, ...figures }];
  }

  /** The leaves that are there. */
  #leaves(): Promise<number[]> {
    return this.#run(async () => {
      await this.#parts.directories.checkScope();
      return this.#parts.leaves.existing();
    });
  }

  #peek(key: string): Promise<LiveEntry | undefined> {
    return this.#at(key, (place, { until }) =>
      this.#parts.lookup.find(place, peekOf(place), until),
    );
  }

  /** A change under the key's lock. */
  #change<T>(key: string, ifAbsent: T, operation: Operation<T>): Promise<T> {
    return this.#at(key, async (place, turn) => {
      // Looked at first without the lock, so that a disk that hangs is met in the thread pool and not in this thread.
      const found = await this.#parts.lookup.find(place, peekOf(place), turn.until);
      if (!found) return ifAbsent;
      turn.check();
      return orAbsent(operation(place, turn), ifAbsent);
    });
  }

  #at<T>(key: string, operation: Operation<T>): Promise<T> {
    return this.#run(async (turn) => {
      const { layout, directories } = this.#parts;
      const place = layout.place(key);
      if (!directories.isChecked(place.leaf)) await directories.check(place.leaf);
      return operation(place, turn);
    });
  }

  #run<T>(operation: (turn: Turn) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(this.#closedError());
    return this.#parts.inFlight.run((turn) => withDescriptors(() => operation(turn), turn.until));
  }

  #runOr<T>(ifAbsent: T, operation: (turn: Turn) => Promise<T>): Promise<T> {
    return this.#run((turn) => orAbsent(operation(turn), ifAbsent));
  }

  #closedError(): CacheClosedError {
    const { alias } = this.#context;
    return new CacheClosedError('CACHE_CLOSED', `Cache "${alias}" was used after it was closed.`, {
      alias,
      backend: this.name,
    });
  }

  #life(ttl: Ttl): EntryLife {
    const writtenAt = this.#context.clock.now();
    return { writtenAt, expiresAt: ttl === null ? Infinity : Math.ceil(writtenAt + ttl * 1000) };
  }

  #mostBytes(place: EntryPlace): number {
    return HEADER_BYTES + place.keyBytes.length + this.#options.maxEntryBytes;
  }

  /** What a reader is given, and counted for. Without a value the entry is larger than this cache keeps. */
  #read(entry: LiveEntry | undefined): Payload | undefined {
    if (!entry?.value) {
      this.#misses += 1;
      return undefined;
    }
    this.#hits += 1;
    return { flags: entry.header.flags, data: entry.value };
  }
}

/** What was answered; the second if the directory was removed meanwhile. */
async function orAbsent<T>(answer: Promise<T>, ifAbsent: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isAbsent(error)) return ifAbsent;
    throw error;
  }
}
