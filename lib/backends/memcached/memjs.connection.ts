import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { OPCODE, REPLY_MAGIC, cannotBegin, requestPacket } from './binary-packet.js';
import type { PacketParts } from './binary-packet.js';
import type { GivenUp } from './given-up.js';
import { badReply, cannotConnect, closed, connectionLost, noAnswer } from './memcached.errors.js';
import type {
  MemjsClientObject,
  MemjsLibrary,
  MemjsReply,
  MemjsServer,
  ReplyCallback,
} from './memjs-library.interface.js';
import type { ServerAddress } from './server-address.js';

/** How long one connection may take for what. */
export interface ConnectionLimits {
  readonly connectTimeoutMs: number;
  readonly deadlineMs: number;
}

interface Request {
  readonly sequence: number;
  readonly opcode: number;
  /** What it holds. The packet is made when it is sent: until then, nothing is copied. The answer must bear the same key. */
  readonly parts: PacketParts;
  /** Set for a request that is answered in several pieces. */
  readonly pieces?: MemjsReply[];
  readonly resolve: (replies: MemjsReply[]) => void;
  readonly reject: (error: unknown) => void;
  sentAt: number;
}

// More than this is kept here and not yet on its way, so that a burst of calls is not taken for a slow server.
const IN_FLIGHT = 512;
const UNSENT_BYTES = 1 << 20;
const HELD_UP_MS = 20;
const LAST_SEQUENCE = 0x7fff_ffff;
const READS: ReadonlySet<number> = new Set([OPCODE.getWithKey, OPCODE.version, OPCODE.stat]);
// memjs measures silence, which is no deadline, so its own timers are set out of the way.
const A_DAY = 86_400;

/**
 * One connection through memjs: used until it breaks, then thrown away with its parser, so a late or cut answer reaches
 * nobody. Every request on it settles, at the latest when it breaks. After a deadline, if something may have been changed, it is
 * kept until the server has answered all that was sent; see `GivenUp`.
 */
export class MemjsConnection {
  readonly #name: string;
  readonly #limits: ConnectionLimits;
  readonly #isTcp: boolean;
  readonly #server: MemjsServer;
  readonly #client: MemjsClientObject;
  readonly #givenUp: GivenUp;
  readonly #pending = new Map<number, Request>();
  readonly #waiting = new Set<Request>();
  readonly #leaving: Request[] = [];
  #socket: Socket | undefined;
  #broken: unknown;
  /** Set while the connection is kept although it is used no more. */
  #onOver: (() => void) | undefined;
  #sequence = 0;
  #answers = 0;
  #timer: NodeJS.Timeout | undefined;
  #isConnected = false;
  #refuse: ((error: unknown) => void) | undefined;

  constructor(
    library: MemjsLibrary,
    address: ServerAddress,
    limits: ConnectionLimits,
    givenUp: GivenUp,
  ) {
    this.#givenUp = givenUp;
    this.#name = address.name;
    this.#limits = limits;
    this.#isTcp = address.path === undefined;
    const options = { timeout: A_DAY, conntimeout: A_DAY };
    this.#server = new library.Server(
      address.host,
      // Node takes a string in place of a port for the path of a unix socket, and memjs hands it on.
      address.path ?? address.port,
      undefined,
      undefined,
      options,
    );
    // Set here, because memjs would otherwise take some from the environment.
    this.#server.username = address.credentials?.username;
    this.#server.password = address.credentials?.password;
    this.#client = new library.Client([this.#server], { retries: 0, logger: { log() {} } });
    this.#checkReplies();
  }

  /** True while requests can be made: connected, and not broken. */
  get isOpen(): boolean {
    return this.#isConnected && this.#broken === undefined;
  }

  /** Connects and logs in. @throws {CacheUnavailableError} if that fails or takes too long. */
  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // This process may have been held up: what has arrived is read before time is up.
        setImmediate(() => {
          fail(`no connection within ${this.#limits.connectTimeoutMs} ms`);
        });
      }, this.#limits.connectTimeoutMs);
      const fail = (cause: unknown): void => {
        clearTimeout(timer);
        if (this.#refuse === undefined) return;
        this.#refuse = undefined;
        this.#break(cannotConnect(this.#name, cause));
        reject(this.#broken);
      };
      this.#refuse = fail;
      this.#server.onError(0, fail);
      this.#server.sock(false, () => {
        clearTimeout(timer);
        this.#refuse = undefined;
        this.#isConnected = true;
        resolve();
      });
      // oxlint-disable-next-line no-underscore-dangle -- memjs names it so
      const socket = this.#server._socket!;
      this.#socket = socket;
      socket.setNoDelay(true);
      const onEnd = (): void => {
        if (this.#refuse) fail('the server closed the connection');
        else this.#break(connectionLost(this.#name));
      };
      socket.once('end', onEnd).once('close', onEnd);
    });
  }

  /** Sends a request and answers its reply. */
  async request(opcode: number, parts: PacketParts): Promise<MemjsReply> {
    const replies = await this.#enqueue(opcode, parts);
    return replies[0]!;
  }

  /** Sends a request that is answered in pieces, the last one empty, and answers them without the last. */
  requestPieces(opcode: number, parts: PacketParts): Promise<MemjsReply[]> {
    return this.#enqueue(opcode, parts, []);
  }

  /** Ends the connection; what is in flight is rejected. */
  close(): void {
    const error = closed();
    this.#refuse?.(error);
    this.#break(error);
  }

  #enqueue(opcode: number, parts: PacketParts, pieces?: MemjsReply[]): Promise<MemjsReply[]> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== undefined) {
        reject(this.#broken);
        return;
      }
      // 0 is what memjs uses for its login. Above 31 bits its own counter goes wrong.
      this.#sequence = this.#sequence === LAST_SEQUENCE ? 1 : this.#sequence + 1;
      const sequence = this.#sequence;
      const request: Request = {
        sequence,
        opcode,
        parts,
        ...(pieces === undefined ? {} : { pieces }),
        resolve,
        reject,
        sentAt: Number.POSITIVE_INFINITY,
      };
      this.#waiting.add(request);
      this.#pump();
    });
  }

  #pump(): void {
    for (const request of this.#waiting) {
      if (!this.#hasRoom()) return;
      this.#waiting.delete(request);
      this.#send(request);
    }
  }

  #hasRoom(): boolean {
    const inFlight = this.#pending.size;
    return inFlight === 0 || (inFlight < IN_FLIGHT && this.#socket!.writableLength < UNSENT_BYTES);
  }

  #send(request: Request): void {
    const { sequence, opcode, parts } = request;
    let packet: Buffer;
    try {
      packet = requestPacket(opcode, sequence, parts);
    } catch (error) {
      // The value is neither text nor bytes.
      request.reject(error);
      return;
    }
    if (this.#pending.size === 0) this.#socket!.ref();
    this.#pending.set(sequence, request);
    this.#leaveWithThisTick(request);
    if (request.pieces === undefined) {
      this.#client.perform('', packet, sequence, (error, reply) => {
        if (reply) this.#answer(request, reply);
        else this.#break(connectionLost(this.#name, error));
      });
      return;
    }
    const onPiece: ReplyCallback = (reply) => this.#answer(request, reply);
    onPiece.quiet = true;
    this.#server.onResponse(sequence, onPiece);
    this.#server.write(packet);
  }

  // Requests of one tick leave in one write, and only then does their time begin.
  #leaveWithThisTick(request: Request): void {
    this.#leaving.push(request);
    if (this.#leaving.length > 1) return;
    const socket = this.#socket!;
    socket.cork();
    process.nextTick(() => {
      socket.uncork();
      const now = performance.now();
      for (const left of this.#leaving) left.sentAt = now;
      this.#leaving.length = 0;
      if (this.#timer === undefined && this.isOpen) this.#armTimer(this.#limits.deadlineMs);
    });
  }

  #answer(request: Request, reply: MemjsReply): void {
    if (!this.#pending.has(request.sequence)) return;
    this.#answers += 1;
    const { header, key } = reply;
    if (header.opcode !== request.opcode) {
      this.#break(badReply(this.#name, 'an answer to another command'));
      return;
    }
    if (request.pieces !== undefined) {
      if (header.status === 0 && key.length > 0) {
        request.pieces.push(reply);
        return;
      }
    } else if (key.length > 0 && key.toString() !== request.parts.key) {
      this.#break(badReply(this.#name, 'the item of another key'));
      return;
    }
    this.#pending.delete(request.sequence);
    request.resolve(request.pieces && header.status === 0 ? request.pieces : [reply]);
    this.#pump();
    if (this.#pending.size > 0) return;
    if (this.#onOver === undefined) this.#rest();
    else this.#end();
  }

  // Nothing is awaited, so the socket does not keep the process alive.
  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#socket!.unref();
  }

  // Answers come in the order of the requests, so one timer for the oldest is enough.
  #armTimer(ms: number): void {
    const dueAt = performance.now() + ms;
    this.#timer = setTimeout(() => {
      const lateMs = performance.now() - dueAt;
      // Time in which this process was held up is not the server's.
      if (lateMs > HELD_UP_MS) {
        for (const request of this.#pending.values()) request.sentAt += lateMs;
      }
      this.#checkSoon();
    }, ms);
  }

  // What has arrived is read before time is up.
  #checkSoon(): void {
    const answersBefore = this.#answers;
    setImmediate(() => this.#checkDeadline(answersBefore));
  }

  #checkDeadline(answersBefore: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const oldest = this.#pending.values().next().value;
    if (oldest === undefined || this.#broken !== undefined) return;
    const left = oldest.sentAt + this.#limits.deadlineMs - performance.now();
    if (left > 0.5) this.#armTimer(Math.min(left, this.#limits.deadlineMs));
    else if (this.#answers > answersBefore) this.#checkSoon();
    else this.#giveUp(noAnswer(this.#name, this.#limits.deadlineMs));
  }

  /** Nobody waits any longer. What was sent may still be carried out; its answers tell when that is over. */
  #giveUp(error: unknown): void {
    const sent = [...this.#pending.values()];
    if (sent.every(({ opcode }) => READS.has(opcode))) {
      this.#break(error);
      return;
    }
    this.#broken = error;
    this.#socket!.unref();
    this.#onOver = this.#givenUp.keep(() => this.#end());
    const unsent = [...this.#waiting];
    this.#waiting.clear();
    // The promises of what was sent are settled with this, so the answers that are still to come reach nobody.
    for (const request of [...sent, ...unsent]) request.reject(error);
  }

  /** Ends a connection that was kept. */
  #end(): void {
    const onOver = this.#onOver;
    if (onOver === undefined) return;
    this.#onOver = undefined;
    this.#drop();
    this.#pending.clear();
    onOver();
  }

  #break(error: unknown): void {
    if (this.#broken !== undefined) {
      this.#end();
      return;
    }
    this.#broken = error;
    clearTimeout(this.#timer);
    this.#drop();
    const lost = [...this.#pending.values(), ...this.#waiting];
    this.#pending.clear();
    this.#waiting.clear();
    for (const request of lost) request.reject(error);
  }

  #drop(): void {
    const socket = this.#socket;
    // Reset rather than closed: what was not sent yet must not arrive after what the next connection sends.
    if (this.#isConnected && this.#isTcp && !socket!.destroyed) socket!.resetAndDestroy();
    else socket?.destroy();
  }

  // memjs takes anything for an answer and waits for ever for the rest of one that cannot be.
  #checkReplies(): void {
    const server = this.#server;
    const handle = server.responseHandler.bind(server);
    const respond = server.respond.bind(server);
    server.responseHandler = (chunk) => {
      if (this.#isOver()) return;
      handle(chunk);
      const what = cannotBegin(server.responseBuffer);
      if (what !== undefined) this.#fail(badReply(this.#name, what));
    };
    server.respond = (reply) => {
      if (this.#isOver()) return;
      const { magic, opaque } = reply.header;
      if (magic === REPLY_MAGIC && this.#pending.has(opaque)) respond(reply);
      else this.#fail(badReply(this.#name, 'an answer that nobody asked for'));
    };
  }

  #isOver(): boolean {
    return this.#broken !== undefined && this.#onOver === undefined;
  }

  #fail(error: unknown): void {
    if (this.#refuse) this.#refuse(error);
    else this.#break(error);
  }
}
