import type { ServerResponse } from 'node:http';
import { BoundedMap } from '../core/bounded-map.js';
import { MOST_TIMER_MS } from '../core/timeout.js';
import type { RequestHead } from './http-head.js';
import { variantKey } from './page-key.js';
import type { StoredPage } from './stored-page.js';

/**
 * What became of a page that others wait for. `kept`: it is in the cache. `unshareable`: it is not for everybody. `failed`: it
 * could not be made or kept. `refused`: this time its handler threw what says that the request was wrong. `lost`: the client
 * left before it was finished. A page itself: it is for everybody, but the cache is away.
 */
export type Landing = 'kept' | 'unshareable' | 'failed' | 'refused' | 'lost' | UnkeptPage;

/** How waiting for a page ended: as it landed, or because it took too long, or because the one who waited left. */
export type Waited = Landing | 'late' | 'gone';

/** A page that nobody finds in the cache, for those who wait for it. */
export class UnkeptPage {
  readonly page: StoredPage;
  readonly #vary: readonly string[];
  readonly #head: RequestHead;

  /** @param vary The request headers it depends on. @param head Of the request that it was made for. */
  constructor(page: StoredPage, vary: readonly string[], head: RequestHead) {
    this.page = page;
    this.#vary = vary;
    this.#head = head;
  }

  /** True if it is the answer to another request for the same page. */
  isFor(head: RequestHead): boolean {
    return variantKey('', this.#vary, head) === variantKey('', this.#vary, this.#head);
  }
}

/** The making of a page by one request, for all who ask for it meanwhile. */
export interface PageFlight {
  /** Ends it. Only the first call counts. */
  land(landing: Landing): void;
}

interface Flight extends PageFlight {
  readonly landed: Promise<Landing>;
}

/** How long a page that turned out not to be for everybody is not waited for, in milliseconds. */
const ALONE_MS = 120_000;
/** How long a page is not made anew in the background after that has failed, in milliseconds. */
const REST_MS = 1_000;
/** Most pages of which either is remembered. */
const MOST_REMEMBERED = 10_000;

/**
 * Sees to it that of many requests for one page that is not in the cache one makes it, and the others wait for that.
 *
 * A page that turned out not to be for everybody is made by each request for itself for the next two minutes: whoever waited
 * would wait in vain.
 */
export class PageFlights {
  readonly #flights = new Map<string, Flight>();
  /** Until when, on the clock of `performance.now()`. */
  readonly #alone = new BoundedMap<string, number>(MOST_REMEMBERED);
  readonly #resting = new BoundedMap<string, number>(MOST_REMEMBERED);
  /** Pages to which no request comes but a visitor's. */
  readonly #unreached = new BoundedMap<string, true>(MOST_REMEMBERED);
  /** When a page was kept last. */
  readonly #kept = new BoundedMap<string, number>(MOST_REMEMBERED);

  /** Begins a flight; undefined if one is under way, or if the page is not waited for. */
  begin(key: string): PageFlight | undefined {
    if (this.#flights.has(key) || this.isAlone(key)) return undefined;
    let resolve: (landing: Landing) => void;
    const landed = new Promise<Landing>((landing) => {
      resolve = landing;
    });
    const land = (landing: Landing): void => {
      if (this.#flights.get(key) !== flight) return;
      this.#flights.delete(key);
      if (landing === 'kept') this.#kept.set(key, performance.now());
      if (landing === 'unshareable') this.#alone.set(key, performance.now() + ALONE_MS);
      resolve(landing);
    };
    const flight: Flight = { land, landed };
    this.#flights.set(key, flight);
    return flight;
  }

  /**
   * True if the page was kept at that moment or later: who looked for it at that moment and found none may find it now.
   *
   * @param moment On the clock of `performance.now()`.
   */
  wasKeptSince(key: string, moment: number): boolean {
    return (this.#kept.get(key) ?? -Infinity) >= moment;
  }

  /** True if each request for the page is to make its own. */
  isAlone(key: string): boolean {
    return isAhead(this.#alone, key);
  }

  /**
   * Begins to make a page anew that is past its time; undefined if that is under way, or has failed just now. Whoever needs it
   * meanwhile has the old one, so what comes to no page has failed, whatever the reason.
   */
  beginAnew(key: string): PageFlight | undefined {
    const flight = isAhead(this.#resting, key) ? undefined : this.begin(key);
    if (!flight) return undefined;
    let hasLanded = false;
    return {
      land: (landing) => {
        if (hasLanded) return;
        hasLanded = true;
        if (landing !== 'kept') this.#resting.set(key, performance.now() + REST_MS);
        flight.land(landing === 'kept' ? 'kept' : 'failed');
      },
    };
  }

  /** A request that was to make the page anew in the background came to another page, and so will the next. */
  wasNotReached(key: string): void {
    this.#unreached.set(key, true);
  }

  /** False if a page past its time is made by those who ask for it. */
  isReached(key: string): boolean {
    return this.#unreached.get(key) === undefined;
  }

  /** A page was kept after all: the next who miss it wait for each other again. */
  isShared(key: string): void {
    this.#alone.delete(key);
  }

  /**
   * Waits for the page under way.
   *
   * @param response Of the one who waits: if its client leaves, there is nothing more to wait for.
   */
  async wait(key: string, response: ServerResponse, timeoutMs: number): Promise<Waited> {
    const flight = this.#flights.get(key);
    if (!flight) return 'lost';
    let timer: NodeJS.Timeout | undefined;
    let onClose: (() => void) | undefined;
    const given = new Promise<Waited>((resolve) => {
      timer = setTimeout(() => resolve('late'), Math.min(timeoutMs, MOST_TIMER_MS));
      onClose = () => resolve('gone');
      response.once('close', onClose);
    });
    try {
      return await Promise.race([flight.landed, given]);
    } finally {
      clearTimeout(timer);
      response.off('close', onClose!);
    }
  }
}

function isAhead(moments: BoundedMap<string, number>, key: string): boolean {
  const until = moments.get(key);
  if (until === undefined) return false;
  if (until > performance.now()) return true;
  moments.delete(key);
  return false;
}
