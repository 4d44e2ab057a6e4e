import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ConnectionOptions } from 'node:tls';
import type { GivenUp } from './given-up.js';
import { badReply, cannotConnect, closed, connectionLost, noAnswer } from './memcached.errors.js';
import { MetaBatch } from './meta.batch.js';
import { MetaDeadline } from './meta.deadline.js';
import { handshake } from './meta.handshake.js';
import type { MemcachedVersion } from './meta.handshake.js';
import { OPAQUES } from './meta.lines.js';
import { MetaParser } from './meta.parser.js';
import { MetaQueue } from './meta.queue.js';
import { BadReply } from './meta.reply.js';
import type { MetaReply } from './meta.reply.js';
import type { MetaRequest } from './meta.request.js';
import { openSocket } from './meta.socket.js';
import type { ServerAddress } from './server-address.js';

/** How one server is spoken to. */
export interface MetaConnectionOptions {
  /** How long a connection may take to be made, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long a request may take from being handed to the socket until its answer is here, in milliseconds. */
  readonly deadlineMs: number;
  /** The largest item that the server may send, in bytes. Undefined: memcached's own limit of 1 GiB. */
  readonly maxItemBytes?: number | undefined;
  /** Options of Node's `tls.connect`, for a server that speaks TLS. Undefined: in the clear. */
  readonly tls?: ConnectionOptions | undefined;
}

const LARGEST_ITEM = 1 << 30;
// What is more than this stays here and is not on its way yet. So a burst of calls is not taken for a slow server, and a
// server that does not read costs no memory.
const UNSENT_BYTES = 1 << 20;
const AWAITED_REPLIES = 4_096;
const AWAITED_BYTES = 8 << 20;
// What a reply is taken to have before any has come.
const FIRST_REPLY_BYTES = 32_768;

/**
 * One connection: used until it breaks, then thrown away with its parser, so a late or cut answer reaches nobody.
 *
 * Requests are answered in their order; those of one turn leave in one write. Every request settles: by its reply, or with
 * the one error that ended the connection, at the latest when the oldest has waited until its deadline. Then, if it may have
 * changed something, the connection is kept until the server has answered all that was sent; see `GivenUp`.
 */
export class MetaConnection {
  readonly #address: ServerAddress;
  readonly #canReset: boolean;
  readonly #socket: Socket;
  readonly #parser: MetaParser;
  readonly #deadline: MetaDeadline;
  readonly #connectTimer: NodeJS.Timeout;
  readonly #queue = new MetaQueue();
  readonly #givenUp: GivenUp;
  /** What waits for the handshake; undefined when that is over. */
  #waiting: MetaRequest[] | undefined = [];
  #version: MemcachedVersion | undefined;
  #failure: unknown;
  /** Set while the connection is kept although it is used no more. */
  #onOver: (() => void) | undefined;
  #isConnected = false;
  #isLeaving = false;
  #opaque = 0;
  #replies = 0;
  #replyBytes = FIRST_REPLY_BYTES;
  #bytesSinceReply = 0;
  readonly #flush = (): void => this.#send();

  constructor(address: ServerAddress, options: MetaConnectionOptions, givenUp: GivenUp) {
    const { connectTimeoutMs, deadlineMs, maxItemBytes = LARGEST_ITEM, tls } = options;
    this.#address = address;
    this.#givenUp = givenUp;
    this.#canReset = address.path === undefined && tls === undefined;
    this.#parser = new MetaParser((reply) => this.#onReply(reply), maxItemBytes);
    this.#deadline = new MetaDeadline(deadlineMs, {
      oldestSentAt: () => this.#queue.oldest?.sending?.at,
      replies: () => this.#replies,
      onOverrun: () => this.#giveUp(noAnswer(address.name, deadlineMs)),
    });
    this.#socket = openSocket(
      address,
      tls,
      (buffer, bytes) => this.#onRead(buffer, bytes),
      () => this.#onConnect(),
    );
    this.#connectTimer = setTimeout(() => {
      // This process may have been held up: a connection that has been made meanwhile is seen first.
      setImmediate(() => {
        if (!this.#isConnected) this.#onEnd(`no connection within ${connectTimeoutMs} ms`);
      });
    }, connectTimeoutMs);
    this.#socket
      .on('error', (error) => this.#onEnd(error))
      .on('drain', this.#flush)
      .once('end', () => this.#onEnd())
      .once('close', () => this.#onEnd());
  }

  /** What the connection ended with; undefined while it can be used. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The server's version; undefined before it is known. */
  get version(): MemcachedVersion | undefined {
    return this.#version;
  }

  /** Sends a request with those of this turn, or as soon as the connection is made. */
  send(request: MetaRequest): void {
    if (this.#failure !== undefined) {
      request.reject(this.#failure);
    } else if (this.#waiting !== undefined) {
      this.#waiting.push(request);
    } else {
      this.#enqueue(request);
      this.#sendSoon();
    }
  }

  /** Ends the connection at once; what is in flight is rejected. */
  close(): void {
    this.#break(closed());
  }

  #onConnect(): void {
    if (this.#failure !== undefined) return;
    clearTimeout(this.#connectTimer);
    this.#isConnected = true;
    for (const request of handshake(this.#address, (version) => this.#onVersion(version))) {
      this.#enqueue(request);
    }
    this.#send();
  }

  #onVersion(version: MemcachedVersion): void {
    this.#version = version;
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const request of waiting) this.#enqueue(request);
  }

  #enqueue(request: MetaRequest): void {
    if (this.#queue.isEmpty) this.#socket.ref();
    this.#queue.add(request);
  }

  // While replies are awaited, what other sockets are about to bring in this turn of the event loop can leave with it.
  #sendSoon(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    if (this.#queue.awaited > 0) setImmediate(this.#flush);
    else process.nextTick(this.#flush);
  }

  #send(): void {
    this.#isLeaving = false;
    if (this.#failure !== undefined) return;
    const sending = { at: performance.now() };
    while (this.#queue.hasUnsent && this.#hasRoom()) {
      const batch = new MetaBatch();
      do {
        const request = this.#queue.takeUnsent()!;
        request.sending = sending;
        request.opaque = this.#opaque;
        this.#opaque = (this.#opaque + request.weight) % OPAQUES;
        request.write(batch);
      } while (this.#queue.hasUnsent && batch.bytes < UNSENT_BYTES && this.#hasRoom());
      batch.writeTo(this.#socket);
    }
    this.#deadline.watch();
  }

  #hasRoom(): boolean {
    const { awaited } = this.#queue;
    if (awaited === 0) return true;
    if (awaited >= AWAITED_REPLIES || awaited * this.#replyBytes >= AWAITED_BYTES) return false;
    return this.#socket.writableLength < UNSENT_BYTES;
  }

  #onRead(buffer: Buffer, bytes: number): void {
    if (this.#failure !== undefined && this.#onOver === undefined) return;
    const repliesBefore = this.#replies;
    try {
      this.#parser.push(buffer, bytes);
    } catch (error) {
      const isBad = error instanceof BadReply;
      this.#break(isBad ? badReply(this.#address.name, error.what) : error);
      return;
    }
    this.#bytesSinceReply += bytes;
    const replies = this.#replies - repliesBefore;
    if (replies > 0) {
      this.#replyBytes += (this.#bytesSinceReply / replies - this.#replyBytes) / 8;
      this.#bytesSinceReply = 0;
    }
    if (this.#queue.hasUnsent) this.#sendSoon();
    else if (this.#queue.isEmpty) this.#rest();
  }

  // Nothing is awaited.
  #rest(): void {
    if (this.#onOver === undefined) this.#socket.unref();
    else this.#end();
  }

  #onReply(reply: MetaReply): void {
    const request = this.#queue.oldest;
    if (request === undefined) throw new BadReply('an answer that nobody asked for');
    this.#replies += 1;
    if (request.onReply(reply)) this.#queue.removeOldest();
  }

  #onEnd(cause?: unknown): void {
    const { name } = this.#address;
    if (this.#version !== undefined) this.#break(connectionLost(name, cause));
    else this.#break(cannotConnect(name, cause ?? 'the server closed the connection'));
  }

  /** Nobody waits any longer. What was sent may still be carried out; its replies tell when that is over. */
  #giveUp(error: unknown): void {
    if (this.#failure !== undefined) return;
    const { sent } = this.#queue;
    if (this.#version === undefined || !sent.some(({ changes }) => changes)) {
      this.#break(error);
      return;
    }
    this.#failure = error;
    this.#deadline.stop();
    this.#socket.unref();
    this.#onOver = this.#givenUp.keep(() => this.#end());
    for (const request of this.#queue.takeAllUnsent()) request.reject(error);
    for (const request of sent) request.giveUp(error);
  }

  /** Ends a connection that was kept. */
  #end(): void {
    const onOver = this.#onOver;
    if (onOver === undefined) return;
    this.#onOver = undefined;
    this.#drop();
    this.#queue.takeAll();
    onOver();
  }

  #break(error: unknown): void {
    if (this.#failure !== undefined) {
      this.#end();
      return;
    }
    this.#failure = error;
    clearTimeout(this.#connectTimer);
    this.#deadline.stop();
    this.#drop();
    const lost = [...this.#queue.takeAll(), ...(this.#waiting ?? [])];
    this.#waiting = undefined;
    for (const request of lost) request.reject(error);
  }

  #drop(): void {
    // Reset rather than closed: what was not sent yet must not arrive after what the next connection sends.
    if (this.#canReset && this.#isConnected && !this.#queue.isEmpty) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }
}
