import type { Socket } from 'node:net';

/** The part of memjs that is used. */
export interface MemjsLibrary {
  readonly Server: new (
    host: string | undefined,
    port: number | string,
    username: string | undefined,
    password: string | undefined,
    options: object,
  ) => MemjsServer;
  readonly Client: new (servers: readonly MemjsServer[], options: object) => MemjsClientObject;
}

/** An answer as memjs hands it out. */
export interface MemjsReply {
  readonly header: {
    readonly magic: number;
    readonly opcode: number;
    readonly status: number;
    readonly opaque: number;
    readonly cas: Buffer;
  };
  readonly extras: Buffer;
  readonly key: Buffer;
  readonly val: Buffer;
}

/** One server of memjs: its socket, its login, and the cutting of the stream into answers. */
export interface MemjsServer {
  username: string | undefined;
  password: string | undefined;
  readonly responseBuffer: Buffer;
  readonly _socket?: Socket;
  responseHandler(chunk: Buffer): void;
  respond(reply: MemjsReply): void;
  onResponse(sequence: number, callback: ReplyCallback): void;
  onError(sequence: number, callback: (error: unknown) => void): void;
  sock(sasl: boolean, ready: () => void): void;
  write(packet: Buffer): void;
}

/** memjs's client, of which only the sending of a request is used. */
export interface MemjsClientObject {
  perform(
    key: string,
    packet: Buffer,
    sequence: number,
    callback: (error: unknown, reply: MemjsReply | null) => void,
  ): void;
}

/** What memjs calls with an answer. */
export interface ReplyCallback {
  (reply: MemjsReply): void;
  /** True: more answers follow, until an empty one. */
  quiet?: boolean;
}
