import type { Payload } from '../../core/cache-backend.interface.js';
import { serverError } from './memcached.errors.js';
import type { MetaBatch } from './meta.batch.js';
import { lineEnd } from './meta.lines.js';
import { BadReply, CODE, notTheProtocol } from './meta.reply.js';
import type { MetaReply } from './meta.reply.js';
import { isAsciiKey } from './wire-key.js';

// With a flag such as `T` or `N` a read changes something, too.
const READS = /^(?:mg \S+(?: [cfkstv])*|mn|version)$/;

/** What a command asks, and how its reply is read. There is one for all commands of a kind. */
export interface MetaForm<T> {
  /** For messages. */
  readonly operation: string;
  /** The answer in a reply. @throws {BadReply} if it is none to this command. */
  read(reply: MetaReply): T;
  /** The answer in an error line; undefined: there is none, it is an error. */
  readError?(line: string): T | undefined;
}

/** What leaves together shares this, so that the time is noted once for all. */
export interface Sending {
  /** On the clock of `performance.now()`. */
  readonly at: number;
}

/** A request on its way. It is settled once: by its replies, or by the end of its connection. */
export interface MetaRequest {
  /** How many replies it awaits. */
  readonly weight: number;
  /** False if it leaves everything on the server as it is. */
  readonly changes: boolean;
  /** What its first reply is to be numbered with. Given when it is sent. */
  opaque: number;
  /** Undefined until it is sent. */
  sending: Sending | undefined;
  /** Adds its bytes to what is sent. */
  write(batch: MetaBatch): void;
  /** Takes a reply. True if it was the last. @throws {BadReply} if it cannot be meant for this request. */
  onReply(reply: MetaReply): boolean;
  reject(error: unknown): void;
  /** Rejects a request whose replies may still come; these are then taken for nobody. */
  giveUp(error: unknown): void;
}

/** Settles the promise of a request. */
export interface Settle<T> {
  readonly resolve: (answer: T) => void;
  readonly reject: (error: unknown) => void;
}

/** One command, and one reply. */
export class MetaCommand<T> implements MetaRequest {
  opaque = 0;
  sending: Sending | undefined = undefined;
  reject: (error: unknown) => void;
  readonly #server: string;
  readonly #form: MetaForm<T>;
  readonly #line: string;
  readonly #isNumbered: boolean;
  readonly #isAscii: boolean;
  #resolve: (answer: T) => void;

  /**
   * @param line Without its end.
   * @param key The key in the line; undefined if there is none.
   * @throws {InvalidCacheKeyError} if memcached cannot take the key.
   */
  constructor(
    server: string,
    form: MetaForm<T>,
    line: string,
    key: string | undefined,
    resolve: (answer: T) => void,
    reject: (error: unknown) => void,
  ) {
    this.#isAscii = key === undefined || isAsciiKey(key);
    this.#isNumbered = key !== undefined;
    this.#server = server;
    this.#form = form;
    this.#line = line;
    this.#resolve = resolve;
    this.reject = reject;
  }

  get weight(): number {
    return 1;
  }

  get changes(): boolean {
    return !READS.test(this.#line);
  }

  write(batch: MetaBatch): void {
    const end = this.#isNumbered ? lineEnd(this.opaque) : '\r\n';
    batch.line(this.#line + end, this.#isAscii);
  }

  onReply(reply: MetaReply): boolean {
    if (reply.code === CODE.error) {
      this.onError(reply.text);
      return true;
    }
    if (this.#isNumbered && !reply.isTo(this.opaque)) throw ofAnotherRequest(reply);
    this.#resolve(this.#form.read(reply));
    return true;
  }

  giveUp(error: unknown): void {
    this.reject(error);
    this.reject = ignore;
    this.#resolve = ignore;
  }

  /** Takes an error line. True if it is an answer for all that. */
  protected onError(line: string): boolean {
    const answer = this.#form.readError?.(line);
    if (answer === undefined) this.reject(refused(this.#server, this.#form.operation, line));
    else this.#resolve(answer);
    return answer !== undefined;
  }
}

/** One command with a value, and one reply. */
export class MetaStoreCommand<T> extends MetaCommand<T> {
  readonly #value: Payload['data'];
  readonly #bytes: number;

  /** @param bytes How many bytes the value has. */
  constructor(
    server: string,
    form: MetaForm<T>,
    line: string,
    key: string | undefined,
    value: Payload['data'],
    bytes: number,
    resolve: (answer: T) => void,
    reject: (error: unknown) => void,
  ) {
    super(server, form, line, key, resolve, reject);
    this.#value = value;
    this.#bytes = bytes;
  }

  override write(batch: MetaBatch): void {
    super.write(batch);
    batch.value(this.#value, this.#bytes);
  }

  protected override onError(line: string): boolean {
    const isAnswer = super.onError(line);
    // A server that did not understand the line may take the value for commands, and answer once more.
    if (!isAnswer && !line.startsWith('SERVER_ERROR')) {
      throw new BadReply('an error in answer to a value');
    }
    return isAnswer;
  }
}

/** The error for a command that the server answered with an error line. */
export function refused(server: string, operation: string, line: string): Error {
  return serverError(server, operation, line.slice(0, 80).replace(/[^\x20-\x7e]/g, '?'));
}

/** The error for a reply without the number of the oldest request that awaits one. */
export function ofAnotherRequest({ code }: MetaReply): BadReply {
  return code === CODE.line ? notTheProtocol() : new BadReply('the answer to another request');
}

function ignore(): void {
  // It was told before that nobody waits for it any longer.
}
