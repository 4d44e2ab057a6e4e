import type { Payload } from '../../core/cache-backend.interface.js';
import * as answers from './meta.answers.js';
import type { MetaOutcome } from './meta.answers.js';
import { LEASED_ITEMS } from './meta.items.js';
import type { MetaFound, MetaItems, MetaLook } from './meta.items.js';
import * as lines from './meta.lines.js';
import type { MemcachedItem } from './memcached-client.interface.js';
import type { MetaLink } from './meta.link.js';
import { MetaGetMany } from './meta.many.js';
import type { Payloads } from './meta.many.js';
import { MetaCommand, MetaStoreCommand } from './meta.request.js';
import type { MetaForm } from './meta.request.js';
import { MetaStats } from './meta.stats.js';

/** The commands of the protocol, one method for each: what is sent together is up to whoever calls them together. */
export class MetaCommands {
  readonly #link: MetaLink;
  readonly #items: MetaItems;

  constructor(link: MetaLink, items = LEASED_ITEMS) {
    this.#link = link;
    this.#items = items;
  }

  /** The server's address without secrets, for messages. */
  get server(): string {
    return this.#link.server;
  }

  payload(key: string): Promise<Payload | undefined> {
    return this.#ask(this.#items.payload, key, lines.getLine);
  }

  /** The same, told to one of the two functions. @throws {InvalidCacheKeyError} */
  readPayload(
    key: string,
    onPayload: (payload: Payload | undefined) => void,
    onError: (error: unknown) => void,
  ): void {
    const form = this.#items.payload;
    const line = lines.getLine(key);
    this.#link.send(new MetaCommand(this.server, form, line, key, onPayload, onError));
  }

  /** @param keys At least one. */
  payloads(keys: readonly string[]): Promise<Payloads> {
    return new Promise((resolve, reject) => {
      this.#link.send(new MetaGetMany(this.server, this.#items.payload, keys, resolve, reject));
    });
  }

  item(key: string): Promise<MemcachedItem | undefined> {
    return this.#ask(this.#items.item, key, lines.getWithCasLine);
  }

  /** What is there, also if it is only a lease. */
  find(key: string): Promise<MetaFound | undefined> {
    return this.#ask(this.#items.found, key, lines.getWithTtlLine);
  }

  /** What is there, without its value. */
  look(key: string): Promise<MetaLook | undefined> {
    return this.#ask(this.#items.look, key, lines.lookLine);
  }

  /** What is there, and a lease if it was the first to ask for what is not. */
  lease(key: string, seconds: number, refreshBelow?: number): Promise<MetaFound | undefined> {
    return this.#ask(this.#items.found, key, () => lines.leaseLine(key, seconds, refreshBelow));
  }

  touch(key: string, expiry: number): Promise<MetaLook | undefined> {
    return this.#ask(this.#items.look, key, () => lines.touchLine(key, expiry));
  }

  /** Stores, and answers whether it did. */
  set(key: string, payload: Payload, expiry: number, cas?: bigint): Promise<boolean> {
    return this.#store(answers.STORED, 'set', key, payload, expiry, cas, false);
  }

  /** Stores, and answers what became of it. */
  put(
    mode: 'set' | 'add',
    key: string,
    payload: Payload,
    expiry: number,
    cas?: bigint,
  ): Promise<MetaOutcome> {
    return this.#store(answers.OUTCOME, mode, key, payload, expiry, cas, true);
  }

  /** False if there is no item, or with a CAS number another one. */
  delete(key: string, cas?: bigint): Promise<boolean> {
    return this.#ask(answers.DELETED, key, () => lines.deleteLine(key, cas));
  }

  /** False if the item has gone or changed. */
  markStale(key: string, cas: bigint): Promise<boolean> {
    return this.#ask(answers.DELETED, key, () => lines.markStaleLine(key, cas));
  }

  count(
    key: string,
    mode: 'MI' | 'MD',
    by: bigint,
    cas?: bigint,
  ): Promise<bigint | 'missing' | 'other' | 'no number'> {
    return this.#ask(answers.COUNTED, key, () => lines.countLine(key, mode, by, cas));
  }

  stats(group?: 'settings'): Promise<Record<string, string>> {
    return new Promise((resolve, reject) => {
      this.#link.send(new MetaStats(this.server, group, resolve, reject));
    });
  }

  flush(): Promise<void> {
    return this.#askServer(answers.FLUSHED, 'flush_all');
  }

  ping(): Promise<void> {
    return this.#askServer(answers.PINGED, 'mn');
  }

  // Whatever is wrong with the arguments rejects, as all that goes wrong does.
  #ask<T>(form: MetaForm<T>, key: string, line: (key: string) => string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#link.send(new MetaCommand(this.server, form, line(key), key, resolve, reject));
    });
  }

  #askServer<T>(form: MetaForm<T>, line: string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#link.send(new MetaCommand(this.server, form, line, undefined, resolve, reject));
    });
  }

  #store<T>(
    form: MetaForm<T>,
    mode: 'set' | 'add',
    key: string,
    { flags, data }: Payload,
    expiry: number,
    cas: bigint | undefined,
    wantsCas: boolean,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const bytes = byteLengthOf(data);
      const line = lines.storeLine(mode, key, bytes, flags, expiry, cas, wantsCas);
      const { server } = this;
      this.#link.send(new MetaStoreCommand(server, form, line, key, data, bytes, resolve, reject));
    });
  }
}

// A length that is not the value's would make the server take its rest for commands.
function byteLengthOf(data: Payload['data']): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  if (Buffer.isBuffer(data)) return data.length;
  throw new TypeError(
    'The data of a payload must be a string or a Buffer to be sent to memcached.',
  );
}
