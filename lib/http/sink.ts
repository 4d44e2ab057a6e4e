import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * A connection whose other end is nobody: whatever is written is gone. Who looks where a request on it came from sees the
 * address and the kind of another connection.
 */
export class Sink extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly encrypted: boolean;

  constructor(like: Socket) {
    super();
    this.remoteAddress = like.remoteAddress;
    this.remotePort = like.remotePort;
    this.remoteFamily = like.remoteFamily;
    this.localAddress = like.localAddress;
    this.localPort = like.localPort;
    this.encrypted = 'encrypted' in like && like.encrypted === true;
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
