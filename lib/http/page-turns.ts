import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { CacheError, CacheUnsupportedError } from '../core/cache.errors.js';
import type { CacheService } from '../core/cache.service.js';
import { HoldOffs } from '../core/hold-offs.js';
import { keepRenewed } from '../core/keep-renewed.js';
import { LEASE_SECONDS } from '../core/lease-time.js';
import type { CacheLock } from '../core/lock.js';
import { PageBytes } from '../core/page-bytes.js';
import { retryPauseMs } from '../core/retry-pause.js';
import { isGone } from './http-exchange.js';
import type { Landing, PageFlight, Waited } from './page-flights.js';

/** The right of this process to make a page, while others wait for it. */
export interface PageTurn {
  /** Ends it when it is known what became of the page. Never rejects; only the first call counts. */
  end(landing: Landing): void;
}

/** How waiting for a turn ended without it. */
export type TurnEnd = Extract<Waited, 'kept' | 'unshareable' | 'late' | 'gone'>;

/** Who waits for a turn, and for how long. */
export interface TurnWait {
  /** If its client leaves, there is nothing more to wait for. */
  readonly response: ServerResponse;
  /** On the clock of `performance.now()`. */
  readonly until: number;
  /** Looks whether there is anything left to make. Never rejects. */
  readonly isMade: () => Promise<boolean>;
}

/** What lies under the mark's key. No value of the application is one. */
const ALONE = new PageBytes(Buffer.from('alone'));

/** Of a process that asks nobody. */
const UNASKED: PageTurn = { end: () => {} };

/**
 * Sees to it that of several processes that share a cache one makes a page, and the others wait for that: whoever makes it has
 * the lock of its key, renewed while the handler runs, so a process that died is replaced.
 *
 * Where that cannot be had (a backend without locks, or one that fails), each process makes the page for itself.
 */
export class PageTurns {
  readonly #cache: CacheService;
  /** Pages whose lock this process may have without knowing it, because the answer was lost: nobody waits for its end. */
  readonly #doubts = new HoldOffs(() => performance.now());
  #areLocksGiven = true;

  constructor(cache: CacheService) {
    this.#cache = cache;
  }

  /** True if other processes may be making pages of this cache. */
  get hasOthers(): boolean {
    const { backend } = this.#cache;
    // What answers at once is in this process, and so are all who ask for its pages.
    return this.#areLocksGiven && backend.lock !== undefined && backend.getSync === undefined;
  }

  /** The right to make a page; undefined if another process has it. Never rejects. */
  async take(key: string): Promise<PageTurn | undefined> {
    if (!this.hasOthers) return UNASKED;
    try {
      const lock = await this.#cache.lock(key, LEASE_SECONDS);
      if (lock) return new HeldTurn(key, this.#cache, lock);
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      // A server that gives out no locks will not do so later. Of all else the guard has told; the lock may be there.
      if (error instanceof CacheUnsupportedError) this.#areLocksGiven = false;
      else this.#doubts.begin(key, LEASE_SECONDS);
      return UNASKED;
    }
    return this.#doubts.isOn(key) ? UNASKED : undefined;
  }

  /**
   * Waits until it is this process's turn to make a page, or there is nothing left to wait for: another has made it (`kept`), or
   * found out that each request has to make its own (`unshareable`). Never rejects.
   */
  async wait(key: string, { response, until, isMade }: TurnWait): Promise<PageTurn | TurnEnd> {
    for (let tries = 0; ; tries += 1) {
      const turn = await this.take(key);
      if (turn === UNASKED) return turn;
      // Another may have been done just before.
      const [made, alone] = await Promise.all([isMade(), this.#isAlone(key)]);
      const end = outcome(made, alone, response, until);
      if (turn && (end === undefined || end === 'late')) return turn;
      turn?.end('lost');
      if (end !== undefined) return end;
      await sleep(retryPauseMs(tries));
    }
  }

  /** True if it turned out in some process that each request has to make the page for itself. */
  async #isAlone(key: string): Promise<boolean> {
    const mark = await this.#cache.get(markOf(key)).catch(() => {});
    return mark instanceof PageBytes;
  }
}

function outcome(
  made: boolean,
  alone: boolean,
  response: ServerResponse,
  until: number,
): TurnEnd | undefined {
  if (isGone(response)) return 'gone';
  if (made) return 'kept';
  if (alone) return 'unshareable';
  return performance.now() >= until ? 'late' : undefined;
}

/** A flight over all processes: it ends the turn of this one. */
export function flightOnTurn(flight: PageFlight, turn: PageTurn): PageFlight {
  return {
    land: (landing) => {
      flight.land(landing);
      turn.end(landing);
    },
  };
}

class HeldTurn implements PageTurn {
  readonly #key: string;
  readonly #cache: CacheService;
  readonly #lock: CacheLock;
  readonly #drop: () => void;
  #hasEnded = false;

  constructor(key: string, cache: CacheService, lock: CacheLock) {
    this.#key = key;
    this.#cache = cache;
    this.#lock = lock;
    this.#drop = keepRenewed(() => lock.extend(LEASE_SECONDS));
  }

  end(landing: Landing): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#drop();
    void this.#giveBack(landing);
  }

  async #giveBack(landing: Landing): Promise<void> {
    try {
      // Whoever waits for the lock sees it when they get it; who comes later finds it out again.
      if (landing === 'unshareable') {
        await this.#cache.set(markOf(this.#key), ALONE, LEASE_SECONDS);
      }
      await this.#lock.release();
    } catch {
      // The guard has told of it. The lock ends with its time.
    }
  }
}

function markOf(key: string): string {
  return `alone:${key}`;
}
