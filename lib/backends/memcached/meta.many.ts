import type { Payload } from '../../core/cache-backend.interface.js';
import type { MetaBatch } from './meta.batch.js';
import { OPAQUES, getLine, lineEnd } from './meta.lines.js';
import { CODE } from './meta.reply.js';
import type { MetaReply } from './meta.reply.js';
import { ofAnotherRequest, refused } from './meta.request.js';
import type { MetaForm, MetaRequest, Sending } from './meta.request.js';
import { isAsciiKey } from './wire-key.js';

/** Payloads in the order of their keys; undefined where there is none. */
export type Payloads = (Payload | undefined)[];

/** The items of several keys, with one promise for all. */
export class MetaGetMany implements MetaRequest {
  readonly weight: number;
  readonly reject: (error: unknown) => void;
  readonly changes = false;
  opaque = 0;
  sending: Sending | undefined = undefined;
  readonly #server: string;
  readonly #form: MetaForm<Payload | undefined>;
  readonly #keys: readonly string[];
  readonly #isAscii: boolean;
  readonly #resolve: (payloads: Payloads) => void;
  readonly #payloads: Payloads = [];
  #refusal: string | undefined;

  /** @param keys At least one. @throws {InvalidCacheKeyError} if memcached cannot take one of them. */
  constructor(
    server: string,
    form: MetaForm<Payload | undefined>,
    keys: readonly string[],
    resolve: (payloads: Payloads) => void,
    reject: (error: unknown) => void,
  ) {
    let isAscii = true;
    for (const key of keys) isAscii = isAsciiKey(key) && isAscii;
    this.#isAscii = isAscii;
    this.weight = keys.length;
    this.#server = server;
    this.#form = form;
    this.#keys = keys;
    this.#resolve = resolve;
    this.reject = reject;
  }

  write(batch: MetaBatch): void {
    let lines = '';
    let { opaque } = this;
    for (const key of this.#keys) {
      lines += getLine(key) + lineEnd(opaque);
      opaque = (opaque + 1) % OPAQUES;
    }
    batch.line(lines, this.#isAscii);
  }

  giveUp(error: unknown): void {
    this.reject(error);
  }

  onReply(reply: MetaReply): boolean {
    const payloads = this.#payloads;
    if (reply.code === CODE.error) {
      this.#refusal ??= reply.text;
      payloads.push(undefined);
    } else {
      if (!reply.isTo((this.opaque + payloads.length) % OPAQUES)) throw ofAnotherRequest(reply);
      payloads.push(this.#form.read(reply));
    }
    if (payloads.length < this.weight) return false;
    if (this.#refusal === undefined) this.#resolve(payloads);
    else this.reject(refused(this.#server, 'get', this.#refusal));
    return true;
  }
}
