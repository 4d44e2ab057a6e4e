import type { Payload } from '../../core/cache-backend.interface.js';
import { CacheConfigError, reasonOf } from '../../core/cache.errors.js';
import type { CacheBackendError } from '../../core/cache.errors.js';
import { OPCODE, STATUS, storeExtras, touchExtras } from './binary-packet.js';
import type { PacketParts } from './binary-packet.js';
import { foreignPayload } from './foreign-payload.js';
import type { Sharing } from './foreign-payload.js';
import type { MemcachedClient, MemcachedItem } from './memcached-client.interface.js';
import { GivenUp } from './given-up.js';
import { closed, serverError } from './memcached.errors.js';
import { MemjsConnection } from './memjs.connection.js';
import type { ConnectionLimits } from './memjs.connection.js';
import { MemjsCounter } from './memjs.counter.js';
import type { MemjsLibrary, MemjsReply } from './memjs-library.interface.js';
import type { ServerAddress } from './server-address.js';
import { isAsciiKey } from './wire-key.js';

/**
 * One server through memjs and the binary protocol, also with a login (SASL).
 *
 * memjs connects, logs in and cuts the stream into answers. Requests, deadlines, the pairing of answers and the end of
 * connections are ours; see `MemjsConnection`.
 */
export class MemjsClient implements MemcachedClient {
  readonly server: string;
  readonly #address: ServerAddress;
  readonly #limits: ConnectionLimits & Sharing;
  readonly #counter: MemjsCounter;
  readonly #givenUp = new GivenUp();
  #library: Promise<MemjsLibrary> | undefined;
  #connection: MemjsConnection | undefined;
  #connecting: Promise<MemjsConnection> | undefined;
  #isClosed = false;

  constructor(address: ServerAddress, limits: ConnectionLimits & Sharing) {
    this.server = address.name;
    this.#address = address;
    this.#limits = limits;
    this.#counter = new MemjsCounter({
      server: this.server,
      get: (key) => this.get(key),
      request: (opcode, parts) => this.#request(opcode, parts),
      unexpected: (reply, operation) => this.#unexpected(reply, operation),
    });
  }

  async load(): Promise<void> {
    await (this.#library ??= loadMemjs());
  }

  async getPayload(key: string): Promise<Payload | undefined> {
    return (await this.get(key))?.payload;
  }

  getPayloads(keys: readonly string[]): Promise<(Payload | undefined)[]> {
    return Promise.all(keys.map((key) => this.getPayload(key)));
  }

  async get(key: string): Promise<MemcachedItem | undefined> {
    const reply = await this.#request(OPCODE.getWithKey, { key });
    if (reply.header.status === STATUS.keyNotFound) return undefined;
    if (reply.header.status !== STATUS.ok) throw this.#unexpected(reply, 'get');
    return {
      payload: { flags: reply.extras.readUInt32BE(0), data: reply.val },
      cas: casOf(reply),
    };
  }

  async store(
    mode: 'set' | 'add',
    key: string,
    payload: Payload,
    expiry: number,
    cas = 0n,
  ): Promise<boolean> {
    return (await this.storeItem(mode, key, payload, expiry, cas)) !== undefined;
  }

  async storeItem(
    mode: 'set' | 'add',
    key: string,
    payload: Payload,
    expiry: number,
    cas = 0n,
  ): Promise<bigint | undefined> {
    const { flags, data } = this.#limits.foreignClients ? foreignPayload(payload) : payload;
    const reply = await this.#request(OPCODE[mode], {
      key,
      extras: storeExtras(flags, expiry),
      value: data,
      cas,
    });
    switch (reply.header.status) {
      case STATUS.ok:
        return casOf(reply);
      case STATUS.keyExists:
      case STATUS.keyNotFound:
      case STATUS.notStored:
      case STATUS.tooLarge:
      case STATUS.outOfMemory:
        return undefined;
      default:
        throw this.#unexpected(reply, mode);
    }
  }

  touch(key: string, expiry: number): Promise<boolean> {
    return this.#found('touch', { key, extras: touchExtras(expiry) });
  }

  delete(key: string, cas = 0n): Promise<boolean> {
    return this.#found('delete', { key, cas });
  }

  incr(key: string, delta: number, shownKey: string = key): Promise<number | undefined> {
    return this.#counter.incr(key, delta, shownKey);
  }

  async stats(group?: 'settings'): Promise<Record<string, string>> {
    const connection = await this.#connected();
    const parts = group === undefined ? {} : { key: group };
    const replies = await connection.requestPieces(OPCODE.stat, parts);
    if (replies[0] && replies[0].header.status !== STATUS.ok) {
      throw this.#unexpected(replies[0], 'stats');
    }
    return Object.fromEntries(replies.map(({ key, val }) => [key.toString(), val.toString()]));
  }

  async flush(): Promise<void> {
    await this.#done(OPCODE.flush, 'flush_all');
  }

  async ping(): Promise<void> {
    await this.#done(OPCODE.version, 'version');
  }

  settled(): Promise<void> {
    return this.#givenUp.settled();
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
    this.#givenUp.close();
  }

  async #found(operation: 'touch' | 'delete', parts: PacketParts): Promise<boolean> {
    const reply = await this.#request(OPCODE[operation], parts);
    if (reply.header.status === STATUS.ok) return true;
    const { status } = reply.header;
    if (status === STATUS.keyNotFound || status === STATUS.keyExists) return false;
    throw this.#unexpected(reply, operation);
  }

  async #done(opcode: number, operation: string): Promise<void> {
    const reply = await this.#request(opcode, {});
    if (reply.header.status !== STATUS.ok) throw this.#unexpected(reply, operation);
  }

  async #request(opcode: number, parts: PacketParts): Promise<MemjsReply> {
    if (parts.key !== undefined) isAsciiKey(parts.key);
    const connection = this.#connection?.isOpen ? this.#connection : await this.#connected();
    return connection.request(opcode, parts);
  }

  // At most one connection is being made at a time.
  async #connected(): Promise<MemjsConnection> {
    if (this.#connection?.isOpen) return this.#connection;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<MemjsConnection> {
    const library = await (this.#library ??= loadMemjs());
    if (this.#isClosed) throw closed();
    const connection = new MemjsConnection(library, this.#address, this.#limits, this.#givenUp);
    this.#connection = connection;
    await connection.connect();
    return connection;
  }

  #unexpected(reply: MemjsReply, operation: string): CacheBackendError {
    const text = reply.val
      .subarray(0, 80)
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, '?');
    const reason = text === '' ? `status ${reply.header.status}` : text;
    return serverError(this.server, operation, reason);
  }
}

function casOf({ header }: MemjsReply): bigint {
  return header.cas.readBigUInt64BE(0);
}

async function loadMemjs(): Promise<MemjsLibrary> {
  try {
    const library: unknown = await import('memjs');
    // What a CommonJS module exports by name is found by most loaders; the default by all.
    const { default: whole } = library as { default?: MemjsLibrary };
    return (library as Partial<MemjsLibrary>).Server ? (library as MemjsLibrary) : whole!;
  } catch (cause) {
    throw new CacheConfigError(
      'CACHE_MISSING_PEER',
      `The memcached backend needs the package "memjs", which cannot be loaded: ${reasonOf(cause)}. Run: npm install memjs`,
      { backend: 'memcached', cause },
    );
  }
}
