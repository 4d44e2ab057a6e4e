import type { IncomingMessage, ServerResponse } from 'node:http';
import { makeHeadPatches } from './head-patches.js';
import {
  fieldsOf,
  linesOfFields,
  setHeaders,
  unitedLines,
  writtenLines,
  type HeaderField,
  type HeaderLines,
} from './http-head.js';

/** A head that is about to be written. */
export interface OutgoingHead {
  readonly status: number;
  readonly fields: readonly HeaderField[];
}

/** A finished, complete response. */
export interface Recording extends OutgoingHead {
  /** All lines that any layer has put into the head: those of `fields`, and those that were written. */
  readonly lines: HeaderLines;
  readonly body: Buffer;
}

/** What is sent in place of an answer that was to be; its headers are set on the response. */
export interface Substitute {
  readonly status: number;
  /** Undefined: none. */
  readonly body: Buffer | undefined;
}

/** What becomes of a response. */
export interface ResponseObserver {
  /**
   * Called before anything of an answer is sent.
   *
   * @param status Of the answer that was to be.
   * @returns what is sent instead, at once; nothing of the answer is sent or recorded then. Undefined: the answer itself.
   */
  substitute?(status: number): Substitute | undefined;
  /**
   * Called once, before the head is written; the headers may still be changed.
   *
   * @returns the status to send instead; 304 sends no body, and the whole body is recorded all the same.
   */
  beforeHead(head: OutgoingHead): number;
  /** Called once when the response was finished and nothing of it is missing. */
  finished?(recording: Recording): void;
  /** Called if the body is larger than what is recorded. */
  tooLarge?(): void;
  /** Called once when the response is over, whatever became of it. */
  over?(): void;
}

type Wrapped = 'writeHead' | 'write' | 'end';
type Args = readonly unknown[];
type Inner = (...args: unknown[]) => unknown;

/**
 * Observes one raw response: the head before and after the layers within have had their say, and the bytes as they pass.
 * Nothing is held back, and the client gets each byte when it would have got it anyway.
 *
 * What is recorded is what the framework wrote, before those layers (compression, sessions) that wrapped the response
 * earlier; they will do their work again when it is replayed. What is judged is all of it.
 */
export class ResponseRecorder {
  readonly #response: ServerResponse;
  readonly #observer: ResponseObserver;
  readonly #maxBodyBytes: number;
  /** The body so far; undefined: nothing will come of it. */
  #chunks: Buffer[] | undefined = [];
  #size = 0;
  #head: OutgoingHead | undefined;
  #lines: HeaderLines | undefined;
  #isBodiless = false;
  #hasEnded = false;
  /** True once something else was sent in place of the answer, of which nothing counts any more. */
  #isSubstituted = false;
  #isSettled = false;
  #isOver = false;
  /** Above 0 while a call of ours is passed on: what inner layers write meanwhile has been recorded. */
  #depth = 0;
  readonly #sources: unknown[] = [];

  /** @param maxBodyBytes Bodies larger than this are passed through and not recorded. 0: none is. */
  constructor(response: ServerResponse, observer: ResponseObserver, maxBodyBytes: number) {
    this.#response = response;
    this.#observer = observer;
    this.#maxBodyBytes = maxBodyBytes;
    if (maxBodyBytes === 0) this.#chunks = undefined;
    this.#wrap();
  }

  /** Nothing of this response will be stored. It goes on as it is. */
  cancel(): void {
    this.#chunks = undefined;
  }

  #wrap(): void {
    const response = this.#response;
    const inner = response as unknown as Record<Wrapped, Inner>;
    const { writeHead, write, end } = inner;
    const substituted = (status: number): boolean => this.#substitute(status, writeHead, end);
    Object.assign(response, {
      writeHead: (...args: unknown[]) =>
        substituted(args[0] as number) ? response : this.#onWriteHead(writeHead, args),
      write: (...args: unknown[]) =>
        substituted(response.statusCode) ? passed(args) : this.#onWrite(write, args),
      end: (...args: unknown[]) =>
        substituted(response.statusCode) ? passed(args) && response : this.#onEnd(end, args),
    } satisfies Record<Wrapped, Inner>);
    response.on('pipe', (source: unknown) => this.#sources.push(source));
    response.once('close', () => {
      this.#over();
    });
  }

  /** True if something else was or is sent in place of the answer. */
  #substitute(status: number, writeHead: Inner, end: Inner): boolean {
    if (this.#depth > 0) return false;
    const response = this.#response;
    if (this.#isSubstituted || this.#head || response.headersSent) return this.#isSubstituted;
    const substitute = this.#observer.substitute?.(status);
    if (!substitute) return false;
    this.#isSubstituted = true;
    this.cancel();
    // What the answer called its status; HTTP/2 has no such thing.
    if (!('stream' in response)) response.statusMessage = '';
    this.#pass(writeHead, [substitute.status]);
    this.#pass(end, substitute.body === undefined ? [] : [substitute.body]);
    return true;
  }

  #onWriteHead(inner: Inner, args: Args): unknown {
    const response = this.#response;
    if (this.#head || response.headersSent) return this.#pass(inner, args);
    const [status, ...rest] = args as [number, ...unknown[]];
    const reason = typeof rest[0] === 'string' ? rest[0] : undefined;
    setHeaders(response, rest[reason === undefined ? 0 : 1]);
    response.statusCode = status;
    makeHeadPatches(response, status);
    this.#head = { status, fields: fieldsOf(response) };
    const sent = this.#observer.beforeHead(this.#head);
    this.#isBodiless = sent !== status;
    this.#giveUpIfTooLarge(Number(response.getHeader('content-length') ?? 0));
    try {
      this.#pass(inner, reason === undefined || this.#isBodiless ? [sent] : [sent, reason]);
    } catch (error) {
      // Another head will follow, which says why, and its body must reach the client.
      this.#isBodiless = false;
      this.cancel();
      throw error;
    }
    this.#lines = writtenLines(response);
    this.#settle();
    return response;
  }

  #onWrite(inner: Inner, args: Args): unknown {
    if (this.#depth > 0 || this.#hasEnded) return this.#pass(inner, args);
    this.#record(args[0], args[1]);
    this.#writeHeadOfHttp2();
    if (!this.#isBodiless) return this.#pass(inner, args);
    return passed(args);
  }

  #onEnd(inner: Inner, args: Args): unknown {
    if (this.#depth > 0 || this.#hasEnded) return this.#pass(inner, args);
    this.#hasEnded = true;
    if (args[0] !== undefined && args[0] !== null && typeof args[0] !== 'function') {
      this.#record(args[0], args[1]);
    }
    if (this.#response.destroyed || !this.#sources.every(hasReadAll)) this.#chunks = undefined;
    this.#writeHeadOfHttp2();
    const callback = args.filter((argument) => typeof argument === 'function');
    const result = this.#pass(inner, this.#isBodiless ? callback : args);
    this.#settle();
    return result;
  }

  /** HTTP/1 drops the body of a 304 that it was given together with the head; HTTP/2 fails on it. */
  #writeHeadOfHttp2(): void {
    const response = this.#response;
    if ('stream' in response && !response.headersSent) response.writeHead(response.statusCode);
  }

  #pass(inner: Inner, args: Args): unknown {
    this.#depth += 1;
    try {
      return inner.apply(this.#response, [...args]);
    } finally {
      this.#depth -= 1;
    }
  }

  #record(chunk: unknown, encoding: unknown): void {
    // What is too large is not copied first.
    if (ArrayBuffer.isView(chunk)) this.#giveUpIfTooLarge(this.#size + chunk.byteLength);
    if (!this.#chunks) return;
    const bytes = bytesOf(chunk, encoding);
    if (!bytes) {
      this.#chunks = undefined;
      return;
    }
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    this.#giveUpIfTooLarge(this.#size);
  }

  #giveUpIfTooLarge(size: number): void {
    if (!this.#chunks || size <= this.#maxBodyBytes) return;
    this.#chunks = undefined;
    this.#observer.tooLarge?.();
  }

  /** Both must have come: some layers write the head only after they were told that it is the end. */
  #settle(): void {
    if (!this.#hasEnded || !this.#head || this.#isSettled) return;
    this.#isSettled = true;
    const lines = this.#lines;
    const chunks = this.#chunks;
    if (chunks && lines && this.#isWhole(this.#head)) {
      const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      const { status, fields } = this.#head;
      const all = unitedLines(linesOfFields(fields), lines);
      this.#observer.finished?.({ status, fields, lines: all, body });
    }
    this.#chunks = undefined;
    this.#over();
  }

  #isWhole(head: OutgoingHead): boolean {
    const lengths = linesOfFields(head.fields).get('content-length') ?? [];
    return lengths.every((length) => Number(length) === this.#size);
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#observer.over?.();
  }
}

/** Answers a call of which nothing is sent as if it had been. */
function passed(args: Args): true {
  const callback = args.find((argument) => typeof argument === 'function');
  if (callback) process.nextTick(callback);
  return true;
}

/** A copy: whoever wrote it may use the memory again once it is sent, and a page is kept later than that. */
function bytesOf(chunk: unknown, encoding: unknown): Buffer | undefined {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  if (!ArrayBuffer.isView(chunk)) return undefined;
  return Buffer.from(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
}

/** False for a stream that was piped into the response and failed or stopped before its end. */
function hasReadAll(source: unknown): boolean {
  return (source as Partial<IncomingMessage>).readableEnded !== false;
}
