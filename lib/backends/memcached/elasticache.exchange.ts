import type { Socket } from 'node:net';
import { CacheConfigError } from '../../core/cache.errors.js';
import { LONGEST_REPLY, firstLine, readElasticacheReply } from './elasticache.reply.js';
import type { ElasticacheCluster, ElasticacheReply } from './elasticache.reply.js';
import {
  badReply,
  cannotConnect,
  closed,
  connectionLost,
  noAnswer,
  serverError,
} from './memcached.errors.js';
import type { MetaConnectionOptions } from './meta.connection.js';
import { BadReply } from './meta.reply.js';
import type { Settle } from './meta.request.js';
import { openSocket } from './meta.socket.js';
import type { ServerAddress } from './server-address.js';

/** How an endpoint is spoken to. `deadlineMs` holds for all that is asked on one connection. */
export type ElasticacheOptions = Pick<
  MetaConnectionOptions,
  'connectTimeoutMs' | 'deadlineMs' | 'tls'
>;

/** Asks an endpoint for its servers, until the signal says that nobody wants to know any more. */
export type AskElasticache = (
  endpoint: ServerAddress,
  options: ElasticacheOptions,
  signal: AbortSignal,
) => Promise<ElasticacheCluster>;

type Step = 'login' | 'config' | 'key';

const CONFIG_LINE = 'config get cluster\r\n';
// How engines before 1.4.14 are asked.
const KEY_LINE = 'get AmazonElastiCache:cluster\r\n';

/**
 * Asks a configuration endpoint for its servers, on a connection of its own.
 *
 * A connection for each question: the endpoint's name leads to one node of the cluster, which may have gone by the next. The
 * version is not asked for, so that every engine can be asked, also endpoints that know only this one question.
 *
 * @throws {CacheUnavailableError} if it cannot be reached. @throws {CacheTimeoutError} if it does not answer.
 * @throws {CacheBackendError} `CACHE_PROTOCOL` if it answers something else, `CACHE_BACKEND` if it answers an error.
 * @throws {CacheConfigError} `CACHE_NO_ENDPOINT` if it is a memcached without a cluster.
 * @throws {CacheClosedError} after the signal.
 */
export const askElasticache: AskElasticache = (endpoint, options, signal) =>
  new Promise((resolve, reject) => {
    new ElasticacheExchange(endpoint, options, signal, { resolve, reject }).begin();
  });

class ElasticacheExchange {
  readonly #endpoint: ServerAddress;
  readonly #options: ElasticacheOptions;
  readonly #signal: AbortSignal;
  readonly #settle: Settle<ElasticacheCluster>;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #step: Step | undefined;
  #text = '';
  #isOver = false;

  constructor(
    endpoint: ServerAddress,
    options: ElasticacheOptions,
    signal: AbortSignal,
    settle: Settle<ElasticacheCluster>,
  ) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#signal = signal;
    this.#settle = settle;
  }

  begin(): void {
    if (this.#signal.aborted) {
      this.#fail(closed());
      return;
    }
    this.#signal.addEventListener('abort', this.#onAbort);
    const { name } = this.#endpoint;
    const { connectTimeoutMs, tls } = this.#options;
    this.#limit(connectTimeoutMs, () =>
      cannotConnect(name, `no connection within ${connectTimeoutMs} ms`),
    );
    try {
      this.#socket = openSocket(
        this.#endpoint,
        tls,
        (buffer, bytes) => this.#onRead(buffer.toString('latin1', 0, bytes)),
        () => this.#onConnect(),
      );
    } catch (error) {
      // Such as options for TLS that Node does not take.
      this.#fail(cannotConnect(name, error));
      return;
    }
    this.#socket
      .on('error', (error) => this.#onLost(error))
      .once('end', () => this.#onLost())
      .once('close', () => this.#onLost());
  }

  readonly #onAbort = (): void => this.#fail(closed());

  #onConnect(): void {
    if (this.#isOver) return;
    const { name, credentials } = this.#endpoint;
    const { deadlineMs } = this.#options;
    this.#limit(deadlineMs, () => noAnswer(name, deadlineMs));
    if (credentials === undefined) {
      this.#ask('config', CONFIG_LINE);
      return;
    }
    const login = `${credentials.username} ${credentials.password}`;
    // On a server that asks for no login this is an item like any other, so it is one that has expired already.
    this.#ask('login', `set login 0 -1 ${Buffer.byteLength(login)}\r\n${login}\r\n`);
  }

  #ask(step: Step, text: string): void {
    this.#step = step;
    this.#text = '';
    this.#socket!.write(text);
  }

  #onRead(text: string): void {
    if (this.#isOver) return;
    this.#text += text;
    try {
      if (this.#text.length > LONGEST_REPLY) throw new BadReply('a list without an end');
      if (this.#step === 'login') this.#readLogin();
      else this.#readServers();
    } catch (error) {
      this.#fail(error instanceof BadReply ? badReply(this.#endpoint.name, error.what) : error);
    }
  }

  #readLogin(): void {
    const line = firstLine(this.#text);
    if (line === undefined) return;
    if (this.#text !== 'STORED\r\n') {
      throw cannotConnect(this.#endpoint.name, `it refused the login with "${shown(line)}"`);
    }
    this.#ask('config', CONFIG_LINE);
  }

  #readServers(): void {
    const reply = readElasticacheReply(this.#text);
    if (reply === undefined) return;
    if (reply.kind === 'cluster') this.#succeed(reply);
    else if (this.#step === 'config' && !isServersFault(reply)) this.#ask('key', KEY_LINE);
    else if (reply.kind === 'none') throw noEndpoint(this.#endpoint.name);
    else throw serverError(this.#endpoint.name, 'the question for its servers', shown(reply.line));
  }

  #succeed(cluster: ElasticacheCluster): void {
    if (this.#finish()) this.#settle.resolve(cluster);
  }

  #onLost(cause?: unknown): void {
    const { name } = this.#endpoint;
    if (this.#step !== undefined) this.#fail(connectionLost(name, cause));
    else this.#fail(cannotConnect(name, cause ?? 'the server closed the connection'));
  }

  #limit(ms: number, error: () => unknown): void {
    clearTimeout(this.#timer);
    const timer = setTimeout(() => {
      // This process may have been held up: what has arrived meanwhile is read before time is up.
      setImmediate(() => {
        if (this.#timer === timer) this.#fail(error());
      });
    }, ms);
    this.#timer = timer;
  }

  #fail(error: unknown): void {
    if (this.#finish()) this.#settle.reject(error);
  }

  #finish(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#socket?.destroy();
    return true;
  }
}

/** True if the server understood the question and could not answer it. */
function isServersFault(reply: ElasticacheReply): boolean {
  return reply.kind === 'error' && reply.line.startsWith('SERVER_ERROR');
}

function shown(line: string): string {
  return line.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
}

function noEndpoint(server: string): CacheConfigError {
  return new CacheConfigError(
    'CACHE_NO_ENDPOINT',
    `memcached ${server} does not know the servers of a cluster, so it is no configuration endpoint. Use the address of one in "location", or leave "discovery" out.`,
    { backend: 'memcached' },
  );
}
