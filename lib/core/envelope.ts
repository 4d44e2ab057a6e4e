import type { Payload } from './cache-backend.interface.js';
import { decodeEnvelope, encodeEnvelope } from './envelope-format.js';
import { FLAG_ENVELOPE } from './payload-flags.js';

/** The stamp of a tag at one moment. A value that bears it is good as long as it lies under the key. */
export interface Stamp {
  /** The final key under which the tag's stamp is kept. */
  readonly key: string;
  /** What lies there: random text. */
  readonly text: string;
}

/** What a value in an envelope bears besides itself. */
export interface EnvelopeHead {
  /** When it was stored, in milliseconds since the epoch. */
  readonly storedAt: number;
  /** Until when it is fresh, in milliseconds since the epoch. Undefined: until it expires. */
  readonly freshUntil?: number | undefined;
  /** How long its load took, in milliseconds. Undefined: it was not loaded. */
  readonly loadMs?: number | undefined;
  /** The stamps of its tags, as they were when it was about to be made. */
  readonly stamps: readonly Stamp[];
}

/**
 * A payload around another one. Where backends keep payloads as the objects they are, neither is written out; its bytes are
 * made when somebody asks for them.
 */
export class Envelope implements Payload {
  readonly flags = FLAG_ENVELOPE;
  #bytes: Buffer | undefined;

  /** @param bytes The two as they were read, if they were. */
  constructor(
    readonly inner: Payload,
    readonly head: EnvelopeHead,
    bytes?: Buffer,
  ) {
    this.#bytes = bytes;
  }

  /** @param now Milliseconds since the epoch. */
  isFresh(now: number): boolean {
    const { freshUntil } = this.head;
    return freshUntil === undefined || freshUntil > now;
  }

  /** The head and the inner payload as bytes. */
  get data(): Buffer {
    this.#bytes ??= encodeEnvelope(this.inner, this.head);
    return this.#bytes;
  }
}

/** The payload as one that is fresh until it expires. */
export function withoutFreshness(payload: Payload): Payload {
  if (!(payload instanceof Envelope) || payload.head.freshUntil === undefined) return payload;
  const { storedAt, stamps } = payload.head;
  return stamps.length === 0 ? payload.inner : new Envelope(payload.inner, { storedAt, stamps });
}

/** The envelope that a payload with `FLAG_ENVELOPE` is. @throws {CacheCorruptError} if its head cannot be read. */
export function openEnvelope(payload: Payload): Envelope {
  if (payload instanceof Envelope) return payload;
  const bytes = Buffer.isBuffer(payload.data) ? payload.data : Buffer.from(payload.data);
  const { inner, head } = decodeEnvelope(bytes);
  return new Envelope(inner, head, bytes);
}
