import type { KeptLease } from './kept-lease.js';
import type { SingleFlight } from './single-flight.js';

/** The right of one running load to store what it brings. */
export class LoadRight {
  /** True: the entry was deleted or replaced since the load began, so what it brings may be from before. */
  isVoid = false;
  /** True: nobody joins the load any more. */
  isLeft = false;
  /** True: another load has its lease by now, and stores instead of it. */
  isPassedOn = false;
  /** Set while it stores. Never rejects. */
  storing: Promise<unknown> | undefined;
  /** The right as it holds across processes, as long as this load has it. */
  lease: KeptLease | undefined;
  /** The right to load again what is stale, across processes: it lies beside the entry, so no change of that ends it. */
  turn: KeptLease | undefined;

  constructor(
    readonly place: string,
    /** Where the stamps lie of the tags that it will bear; undefined: that is known only when it has loaded. */
    readonly tagPlaces: readonly string[] | undefined,
  ) {}

  /** Stores, if it still may. The check and the beginning of the store are one step. */
  async store(store: () => Promise<unknown>): Promise<void> {
    if (this.isVoid || this.isPassedOn) return;
    const storing = store();
    this.storing = storing.catch(() => undefined);
    await storing;
  }

  /** `store()` for several keys at once. @param store Is told which of them it may. */
  static async storeMany(
    rights: ReadonlyMap<string, LoadRight>,
    keys: readonly string[],
    store: (keys: readonly string[]) => Promise<unknown>,
  ): Promise<void> {
    const open = keys.filter((key) => !rights.get(key)!.isVoid);
    if (open.length === 0) return;
    const storing = store(open);
    const settled = storing.catch(() => undefined);
    for (const key of open) rights.get(key)!.storing = settled;
    await storing;
  }
}

/**
 * Keeps a load that was under way when its entry was deleted or replaced from storing what it brings. Who waits for it still
 * gets that; who asks afterwards does not, but begins another load.
 *
 * What is void is so in this process. What another process loads is stopped by its lease, which ends with the entry, and by
 * stamps, if it bears tags.
 */
export class LoadFences {
  readonly #rights = new Map<string, Set<LoadRight>>();
  readonly #flights: readonly Pick<SingleFlight<unknown>, 'leave'>[];

  /** @param flights In which the loads run, under the same places. */
  constructor(flights: readonly Pick<SingleFlight<unknown>, 'leave'>[]) {
    this.#flights = flights;
  }

  /** True if no load is under way. */
  get isIdle(): boolean {
    return this.#rights.size === 0;
  }

  /** A load has begun. To be ended by `end()`. */
  begin(place: string, tagPlaces: readonly string[] | undefined): LoadRight {
    const right = new LoadRight(place, tagPlaces);
    const others = this.#rights.get(place);
    if (others) others.add(right);
    else this.#rights.set(place, new Set([right]));
    return right;
  }

  end(right: LoadRight): void {
    const rights = this.#rights.get(right.place);
    rights?.delete(right);
    if (rights?.size === 0) this.#rights.delete(right.place);
  }

  /**
   * The lease of a load that nobody joins any more because of its tags: who begins anew need not wait for that one to end. It
   * stores nothing then. Undefined if there is none.
   */
  inherit(place: string, finalKey: string): KeptLease | undefined {
    for (const right of this.#rights.get(place) ?? []) {
      const { lease } = right;
      if (!right.isLeft || right.storing || lease?.finalKey !== finalKey) continue;
      right.lease = undefined;
      right.isPassedOn = true;
      return lease;
    }
    return undefined;
  }

  /** Gives back all leases, as nothing is to be stored any more. Never rejects because a backend fails. */
  async releaseAll(): Promise<void> {
    const leases = this.#all().flatMap((right) => {
      const { lease, turn } = right;
      right.lease = right.turn = undefined;
      return [lease, turn].filter((each) => each !== undefined);
    });
    await Promise.all(leases.map((each) => each.release()));
  }

  /**
   * The entry is about to be deleted or replaced.
   *
   * @returns what must settle before that is done, as a store that has begun could be overtaken; undefined if nothing must.
   */
  voidEntry(place: string): Promise<unknown> | undefined {
    const rights = this.#rights.get(place);
    return rights && this.#changed([...rights]);
  }

  /** All entries whose places begin so are about to be deleted. Answers as `voidEntry()`. */
  voidAll(space: string): Promise<unknown> | undefined {
    return this.#changed(this.#all().filter(({ place }) => place.startsWith(space)));
  }

  /**
   * Tags are about to be invalidated. Loads whose tags are not known yet may store: they look at the stamps afterwards. But
   * nobody joins them any more.
   */
  voidTags(tagPlaces: readonly string[]): void {
    if (this.isIdle) return;
    const changed = new Set(tagPlaces);
    for (const right of this.#all()) {
      if (right.tagPlaces === undefined) this.#leave(right);
      else if (right.tagPlaces.some((place) => changed.has(place))) void this.#void([right]);
    }
  }

  #all(): LoadRight[] {
    const all: LoadRight[] = [];
    for (const rights of this.#rights.values()) all.push(...rights);
    return all;
  }

  #changed(rights: readonly LoadRight[]): Promise<unknown> | undefined {
    for (const right of rights) {
      // The change ends the lease, wherever it is.
      right.lease?.drop();
      right.lease = undefined;
    }
    return this.#void(rights);
  }

  #void(rights: readonly LoadRight[]): Promise<unknown> | undefined {
    const storing: Promise<unknown>[] = [];
    for (const right of rights) {
      right.isVoid = true;
      if (right.storing) storing.push(right.storing);
      this.#leave(right);
    }
    return storing.length === 0 ? undefined : Promise.all(storing);
  }

  #leave(right: LoadRight): void {
    right.isLeft = true;
    for (const flights of this.#flights) flights.leave(right.place);
  }
}
