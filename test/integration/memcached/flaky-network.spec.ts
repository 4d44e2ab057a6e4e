import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { CacheService } from '../../../lib/core/cache.service.js';
import { createCache } from '../../../lib/create-cache.js';
import { startFlakyProxy } from '../../support/flaky-proxy.js';
import type { FlakyProxy } from '../../support/flaky-proxy.js';
import { describeWithMemcached, memcachedServers } from '../../support/memcached.js';
import { CLIENTS } from '../../support/suite-memcached.js';

const RUN_MS = process.env['HEAVY'] ? 60_000 : 2_500;
const LANES = 20;
const SEED = 20_261_122;
const RATES = { split: 1_000, close: 20, reset: 20, stall: 2, stallMs: 150 };
const servers = memcachedServers();
const proxies: FlakyProxy[] = [];
const caches: CacheService[] = [];

afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
  await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
  await servers.stop();
});

/** What one lane, the only one to use its keys, saw. */
class Lane {
  readonly wrong: string[] = [];
  readonly thrown: unknown[] = [];
  calls = 0;
  hits = 0;
  counted = 0;
  readonly #cache: CacheService;
  readonly #name: number;
  readonly #random: (below: number) => number;
  /** What may be found under each key besides nothing: what was written last, or may have been. */
  readonly #mayBe = new Map<string, Set<string>>();
  #value = 0;
  #countsAsked = 0;
  #lastCount = 0;

  constructor(cache: CacheService, name: number, random: (below: number) => number) {
    this.#cache = cache;
    this.#name = name;
    this.#random = random;
  }

  async run(isOver: () => boolean): Promise<void> {
    const steps = [
      () => this.#set(),
      () => this.#set(),
      () => this.#get(),
      () => this.#get(),
      () => this.#getMany(),
      () => this.#add(),
      () => this.#delete(),
      () => this.#count(),
    ];
    while (!isOver()) {
      this.calls += 1;
      await steps[this.#random(steps.length)]!();
      // Calls on a server that is known to be down take no time at all.
      await sleep(1);
    }
  }

  #key(): string {
    return `lane-${this.#name}-${this.#random(5)}`;
  }

  #next(key: string): string {
    this.#value += 1;
    const bytes = this.#random(20) === 0 ? 150_000 : this.#random(2_000);
    return `${key}#${this.#value}`.padEnd(bytes, '.');
  }

  async #set(): Promise<void> {
    const key = this.#key();
    const value = this.#next(key);
    this.#mayBe.set(key, new Set([value]));
    await this.#cache.set(key, value);
  }

  async #delete(): Promise<void> {
    const key = this.#key();
    this.#mayBe.delete(key);
    await this.#cache.delete(key);
  }

  async #add(): Promise<void> {
    const key = this.#key();
    const value = this.#next(key);
    const before = this.#mayBe.get(key) ?? new Set<string>();
    const added = await this.#cache.add(key, value).catch((error: unknown) => this.#caught(error));
    if (added === true) this.#mayBe.set(key, new Set([value]));
    else if (added === undefined) this.#mayBe.set(key, new Set([...before, value]));
  }

  async #get(): Promise<void> {
    const key = this.#key();
    this.#check(key, await this.#cache.get<string>(key));
  }

  async #getMany(): Promise<void> {
    const keys = [0, 1, 2, 3, 4].map((n) => `lane-${this.#name}-${n}`);
    for (const [key, value] of await this.#cache.getMany<string>(keys)) this.#check(key, value);
  }

  async #count(): Promise<void> {
    this.#countsAsked += 1;
    const count = await this.#cache
      .incr(`lane-${this.#name}-count`, 1, { initial: 0, timeout: null })
      .catch((error: unknown) => this.#caught(error));
    if (count === undefined) return;
    const isRight = count > this.#lastCount && count <= this.#countsAsked;
    if (!isRight) this.wrong.push(`count ${count} after ${this.#lastCount}`);
    this.#lastCount = count;
    this.counted += 1;
  }

  #check(key: string, value: string | undefined): void {
    if (value === undefined) return;
    this.hits += 1;
    if (this.#mayBe.get(key)?.has(value)) return;
    const allowed = [...(this.#mayBe.get(key) ?? [])].map((each) => each.slice(0, 30));
    this.wrong.push(`${key}: ${value.slice(0, 30)}, not ${allowed.join(' or ')}`);
  }

  #caught(error: unknown): undefined {
    const { name } = error as Error;
    if (!/^Cache(Backend|Timeout|Unavailable)Error$/.test(name)) this.thrown.push(error);
    return undefined;
  }
}

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('a cache whose network breaks connections at any byte', () => {
    it(
      `finds what was written last or nothing, and counts right, for ${RUN_MS / 1000} s from seed ${SEED} on`,
      async () => {
        const random = randomFrom(SEED);
        // With one thread, the server works in the order in which bytes arrive, over all connections.
        const started = [await servers.start(['-t', '1']), await servers.start(['-t', '1'])];
        for (const { port } of started) proxies.push(await startFlakyProxy(port, RATES, random));
        const cache = await createCache({
          backend: 'memcached',
          location: proxies.map(({ address }) => address),
          options: { client, deadlineMs: 100 },
          logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
        });
        caches.push(cache);
        const lanes = Array.from({ length: LANES }, (_, name) => new Lane(cache, name, random));

        const faults = () => proxies.reduce((all, proxy) => all + proxy.faults(), 0);
        const isEnough = () =>
          sum(lanes, 'hits') > RUN_MS / 100 &&
          sum(lanes, 'counted') > RUN_MS / 1_000 &&
          faults() > 3;
        const until = performance.now() + RUN_MS;
        // A busy machine gets to it later.
        const isOver = () => performance.now() > (isEnough() ? until : until + 20_000);
        await Promise.all(lanes.map((lane) => lane.run(isOver)));

        expect(lanes.flatMap(({ wrong }) => wrong)).toEqual([]);
        expect(lanes.flatMap(({ thrown }) => thrown)).toEqual([]);
        expect(isEnough()).toBe(true);
      },
      RUN_MS + 30_000,
    );
  });
});

function sum(lanes: readonly Lane[], of: 'calls' | 'hits' | 'counted'): number {
  return lanes.reduce((all, lane) => all + lane[of], 0);
}

/** Numbers that are the same for the same seed. (mulberry32) */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
