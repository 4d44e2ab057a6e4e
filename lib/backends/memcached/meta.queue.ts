import type { MetaRequest } from './meta.request.js';

// A queue that never runs empty is shortened at the front when so much of it is done.
const LONG = 1_024;

/** The requests on a connection, in their order: the ones that await replies, then the ones that are still to be sent. */
export class MetaQueue {
  #requests: (MetaRequest | undefined)[] = [];
  #oldest = 0;
  #unsent = 0;
  #awaited = 0;

  /** The request whose reply comes next; undefined if none is awaited. */
  get oldest(): MetaRequest | undefined {
    return this.#oldest < this.#unsent ? this.#requests[this.#oldest] : undefined;
  }

  /** All that await replies. */
  get sent(): readonly MetaRequest[] {
    return this.#requests.slice(this.#oldest, this.#unsent) as MetaRequest[];
  }

  /** How many replies are awaited. */
  get awaited(): number {
    return this.#awaited;
  }

  /** True if there is something to send. */
  get hasUnsent(): boolean {
    return this.#unsent < this.#requests.length;
  }

  /** True if there is no request at all. */
  get isEmpty(): boolean {
    return this.#oldest === this.#requests.length;
  }

  add(request: MetaRequest): void {
    this.#requests.push(request);
  }

  /** The next request to send, which counts as sent from now on. */
  takeUnsent(): MetaRequest | undefined {
    const request = this.#requests[this.#unsent];
    if (request === undefined) return undefined;
    this.#unsent += 1;
    this.#awaited += request.weight;
    return request;
  }

  /** The oldest has had its last reply. */
  removeOldest(): void {
    this.#awaited -= this.#requests[this.#oldest]!.weight;
    this.#requests[this.#oldest] = undefined;
    this.#oldest += 1;
    if (this.#oldest === this.#requests.length) this.#shorten();
    else if (this.#oldest >= LONG && 2 * this.#oldest > this.#requests.length) this.#shorten();
  }

  /** Takes those out that are still to be sent. */
  takeAllUnsent(): MetaRequest[] {
    return this.#requests.splice(this.#unsent) as MetaRequest[];
  }

  /** Takes all requests out. */
  takeAll(): MetaRequest[] {
    const all = this.#requests.slice(this.#oldest) as MetaRequest[];
    this.#requests = [];
    this.#oldest = 0;
    this.#unsent = 0;
    this.#awaited = 0;
    return all;
  }

  #shorten(): void {
    this.#requests.splice(0, this.#oldest);
    this.#unsent -= this.#oldest;
    this.#oldest = 0;
  }
}
