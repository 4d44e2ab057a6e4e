import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheService } from 'nestjs-cache-framework';

type Kind = 'get' | 'set' | 'delete' | 'add' | 'incr' | 'getMany';

/** A call that was made. */
export interface LoadCall {
  readonly kind: Kind;
  /** The server that has the key; undefined for a call on keys of all of them. */
  readonly server: number | undefined;
  /** On the clock of `performance.now()`. */
  readonly beganAt: number;
  tookMs: number;
  /** True: it was over in the turn of the event loop in which it was made, so nothing was waited for. */
  isOverAtOnce: boolean;
  /** What it rejected with; undefined if it did not. */
  error: { readonly name?: unknown; readonly code?: unknown } | undefined;
}

/** What may be under a key, as far as its one user can know. */
interface Entry {
  readonly key: string;
  readonly server: number;
  possible: Set<string | undefined>;
  isBusy: boolean;
}

interface Counter {
  readonly key: string;
  readonly server: number;
  last: number;
  /** Calls whose answer did not come: each may have been counted. */
  uncertain: number;
  isBusy: boolean;
}

// Of twenty calls.
const MIX: readonly Kind[] = [
  ...Array<Kind>(10).fill('get'),
  ...Array<Kind>(4).fill('set'),
  'delete',
  'delete',
  'add',
  'incr',
  'getMany',
  'getMany',
];

/**
 * A steady mix of calls on the keys of several servers, that knows what each answer may be.
 *
 * Every key is used by one call at a time, so what was last written there is known. A server in `away` may miss and refuse,
 * and its counters begin anew; what it answers has to be right all the same.
 */
export class MixedLoad {
  readonly calls: LoadCall[] = [];
  /** Answers that no right cache could have given. */
  readonly wrong: string[] = [];
  /** The servers that misses, refusals and rejections are expected of. */
  readonly away = new Set<number>();
  readonly #cache: CacheService;
  readonly #entries: readonly (readonly Entry[])[];
  readonly #counters: readonly Counter[];
  readonly #random: () => number;
  readonly #pending = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #isStopped = false;
  #writes = 0;

  /**
   * @param places The keys of each server; a key that begins with "counter" is a counter. Others hold their own name.
   * @param seed Of the order of calls.
   */
  constructor(cache: CacheService, places: readonly (readonly string[])[], seed = 1) {
    this.#cache = cache;
    this.#random = randomFrom(seed);
    this.#entries = places.map((keys, server) =>
      keys
        .filter((key) => !key.startsWith('counter'))
        .map((key) => ({ key, server, possible: new Set([key]), isBusy: false })),
    );
    this.#counters = places.flatMap((keys, server) =>
      keys
        .filter((key) => key.startsWith('counter'))
        .map((key) => ({ key, server, last: 0, uncertain: 0, isBusy: false })),
    );
  }

  /** Begins to make so many calls a second. */
  start(callsPerSecond: number): void {
    this.#running = this.#run(callsPerSecond);
  }

  /** Ends when the last call has. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
    await Promise.all(this.#pending);
  }

  async #run(callsPerSecond: number): Promise<void> {
    const startedAt = performance.now();
    let made = 0;
    while (!this.#isStopped) {
      const due = ((performance.now() - startedAt) * callsPerSecond) / 1_000;
      for (; made < due; made += 1) this.#callOne();
      await sleep(2);
    }
  }

  #callOne(): void {
    const kind = MIX[Math.floor(this.#random() * MIX.length)]!;
    if (kind === 'incr') {
      const counter = this.#pick(this.#counters);
      if (counter) this.#watch(kind, [counter], () => this.#incr(counter));
    } else if (kind === 'getMany') {
      const entries = this.#entries.flatMap((ofServer) => this.#pick(ofServer) ?? []);
      this.#watch(kind, entries, () => this.#getMany(entries));
    } else {
      const server = Math.floor(this.#random() * this.#entries.length);
      const entry = this.#pick(this.#entries[server]!);
      if (entry) this.#watch(kind, [entry], () => this.#on(kind, entry));
    }
  }

  #pick<T extends { isBusy: boolean }>(list: readonly T[]): T | undefined {
    const start = Math.floor(this.#random() * list.length);
    for (let step = 0; step < list.length; step += 1) {
      const one = list[(start + step) % list.length]!;
      if (!one.isBusy) return one;
    }
    return undefined;
  }

  #watch(
    kind: Kind,
    users: readonly { isBusy: boolean; readonly server: number }[],
    work: () => Promise<void>,
  ): void {
    const call: LoadCall = {
      kind,
      server: users.length === 1 ? users[0]!.server : undefined,
      beganAt: performance.now(),
      tookMs: 0,
      isOverAtOnce: true,
      error: undefined,
    };
    let isOver = false;
    for (const user of users) user.isBusy = true;
    const make = async (): Promise<void> => {
      try {
        await work();
      } catch (error) {
        call.error = error as LoadCall['error'];
      }
      isOver = true;
      call.tookMs = performance.now() - call.beganAt;
      for (const user of users) user.isBusy = false;
    };
    const pending = make().finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
    this.calls.push(call);
    setImmediate(() => {
      call.isOverAtOnce = isOver;
    });
  }

  async #on(kind: Exclude<Kind, 'incr' | 'getMany'>, entry: Entry): Promise<void> {
    const { key } = entry;
    const wasAway = this.away.has(entry.server);
    const mayBeOff = (): boolean => wasAway || this.away.has(entry.server);
    if (kind === 'get') {
      const found = await this.#cache.get<string>(key);
      this.#saw(entry, found, mayBeOff());
      return;
    }
    if (kind === 'delete') {
      const before = entry.possible;
      // Whether it arrives or not, nothing may be found from now on.
      const wasDeleted = await this.#cache.delete(key).finally(() => {
        entry.possible = new Set([undefined]);
      });
      if (mayBeOff()) return;
      if (wasDeleted !== !before.has(undefined)) this.#isWrong(kind, entry, wasDeleted);
      return;
    }
    this.#writes += 1;
    const value = `${key}#${this.#writes}`;
    if (kind === 'set') {
      const isStored = await this.#cache.set(key, value);
      entry.possible = new Set([isStored ? value : undefined]);
      if (!isStored && !mayBeOff()) this.#isWrong(kind, entry, isStored);
      return;
    }
    const before = entry.possible;
    // Until the answer is here nobody knows.
    entry.possible = new Set([...before, value]);
    const isAdded = await this.#cache.add(key, value);
    if (isAdded && (before.has(undefined) || mayBeOff())) entry.possible = new Set([value]);
    else if (!isAdded && [...before].some((each) => each !== undefined)) entry.possible = before;
    else this.#isWrong(kind, entry, isAdded);
  }

  async #getMany(entries: readonly Entry[]): Promise<void> {
    const wereAway = new Set(this.away);
    const found = await this.#cache.getMany<string>(entries.map(({ key }) => key));
    for (const entry of entries) {
      const mayBeOff = wereAway.has(entry.server) || this.away.has(entry.server);
      this.#saw(entry, found.get(entry.key), mayBeOff);
    }
  }

  async #incr(counter: Counter): Promise<void> {
    counter.uncertain += 1;
    const value = await this.#cache.incr(counter.key, 1, { initial: 0 });
    const isNext = value > counter.last && value <= counter.last + counter.uncertain;
    const isNew = this.away.has(counter.server) && value <= counter.uncertain;
    if (!isNext && !isNew) {
      this.wrong.push(`incr ${counter.key}: ${value} after ${counter.last}`);
    }
    counter.last = value;
    counter.uncertain = 0;
  }

  #saw(entry: Entry, found: string | undefined, mayBeOff: boolean): void {
    if (found === undefined && mayBeOff) return;
    if (!entry.possible.has(found)) this.#isWrong('get', entry, found);
    entry.possible = new Set([found]);
  }

  #isWrong(kind: Kind, entry: Entry, answer: unknown): void {
    const possible = [...entry.possible].join(' or ');
    this.wrong.push(`${kind} ${entry.key} on ${entry.server}: ${String(answer)}, not ${possible}`);
  }
}

/** The value below which so many per cent of the durations lie, in milliseconds. */
export function percentile(calls: readonly LoadCall[], percent: number): number {
  const sorted = calls.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0;
}

/** Puts a line of measured figures in front of whoever runs the tests; no test passes or fails by them. */
export function printFigures(what: string, figures: Readonly<Record<string, number>>): void {
  const list = Object.entries(figures).map(
    ([name, value]) => `${name} ${Number(value.toFixed(2))}`,
  );
  process.stderr.write(`figures of ${what}: ${list.join(', ')}\n`);
}

/** mulberry32: the same order of numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
