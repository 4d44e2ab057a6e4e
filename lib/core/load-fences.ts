import type { SingleFlight } from './single-flight.js';

/** The right of one running load to store what it brings. */
export class LoadRight {
  /** True: the entry was deleted or replaced since the load began, so what it brings may be from before. */
  isVoid = false;
  /** Set while it stores. Never rejects. */
  storing: Promise<unknown> | undefined;

  constructor(
    readonly place: string,
    /** Where the stamps lie of the tags that it will bear; undefined: that is known only when it has loaded. */
    readonly tagPlaces: readonly string[] | undefined,
  ) {}

  /** Stores, unless that is void by now. The check and the beginning of the store are one step. */
  async store(store: () => Promise<unknown>): Promise<void> {
    if (this.isVoid) return;
    const storing = store();
    this.storing = storing.catch(() => undefined);
    await storing;
  }
}

/**
 * Keeps a load that was under way when its entry was deleted or replaced from storing what it brings. Who waits for it still
 * gets that; who asks afterwards does not, but begins another load.
 *
 * What is void is so in this process. What another process loads is stopped by stamps, if it bears tags.
 */
export class LoadFences {
  readonly #rights = new Map<string, Set<LoadRight>>();
  readonly #flights: readonly SingleFlight<unknown>[];

  /** @param flights In which the loads run, under the same places. */
  constructor(flights: readonly SingleFlight<unknown>[]) {
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
   * The entry is about to be deleted or replaced.
   *
   * @returns what must settle before that is done, as a store that has begun could be overtaken; undefined if nothing must.
   */
  voidEntry(place: string): Promise<unknown> | undefined {
    const rights = this.#rights.get(place);
    return rights && this.#void([...rights]);
  }

  /** All entries whose places begin so are about to be deleted. Answers as `voidEntry()`. */
  voidAll(space: string): Promise<unknown> | undefined {
    return this.#void(this.#all().filter(({ place }) => place.startsWith(space)));
  }

  /**
   * Tags are about to be invalidated. Loads whose tags are not known yet may store: they look at the stamps afterwards. But
   * nobody joins them any more.
   */
  voidTags(tagPlaces: readonly string[]): void {
    if (this.isIdle) return;
    const changed = new Set(tagPlaces);
    for (const right of this.#all()) {
      if (right.tagPlaces === undefined) this.#leave(right.place);
      else if (right.tagPlaces.some((place) => changed.has(place))) void this.#void([right]);
    }
  }

  #all(): LoadRight[] {
    const all: LoadRight[] = [];
    for (const rights of this.#rights.values()) all.push(...rights);
    return all;
  }

  #void(rights: readonly LoadRight[]): Promise<unknown> | undefined {
    const storing: Promise<unknown>[] = [];
    for (const right of rights) {
      right.isVoid = true;
      if (right.storing) storing.push(right.storing);
      this.#leave(right.place);
    }
    return storing.length === 0 ? undefined : Promise.all(storing);
  }

  #leave(place: string): void {
    for (const flights of this.#flights) flights.leave(place);
  }
}
