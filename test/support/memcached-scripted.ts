import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A request of the binary protocol. */
export interface ScriptedRequest {
  readonly opcode: number;
  readonly opaque: number;
  readonly key: string;
  readonly extras: Buffer;
  readonly value: Buffer;
  /** Which it is on its connection, from 0. */
  readonly index: number;
  /** Which connection it came on, from 0. */
  readonly connection: number;
}

/** What a reply holds besides what it repeats of the request. */
export interface ScriptedReply {
  readonly status?: number;
  readonly extras?: Buffer;
  readonly key?: string;
  readonly value?: string;
  readonly opcode?: number;
  readonly opaque?: number;
  readonly magic?: number;
}

/** A server on a free loopback port that does as it is told, right or wrong. */
export interface ScriptedServer {
  readonly address: string;
  readonly port: number;
  /** How many connections were made so far. */
  readonly connections: () => number;
  /** All that was received, over all connections. */
  readonly received: () => Buffer;
  stop(): Promise<void>;
}

/** What the server does with a request: nothing unless it writes to the socket. */
export type Script = (request: ScriptedRequest, socket: Socket) => void;

const HEADER_BYTES = 24;

/** Starts a server that speaks memcached's binary protocol as far as the script does. */
export async function startScripted(script: Script): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const chunks: Buffer[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    const connection = connections;
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    let rest: Buffer = Buffer.alloc(0);
    let index = 0;
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= HEADER_BYTES) {
        const end = HEADER_BYTES + rest.readUInt32BE(8);
        if (rest.length < end) return;
        script({ ...requestOf(rest.subarray(0, end)), index, connection }, socket);
        index += 1;
        rest = rest.subarray(end);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    connections: () => connections,
    received: () => Buffer.concat(chunks),
    stop: () => stop(server, sockets),
  };
}

/** The bytes of a reply. */
export function replyTo(request: ScriptedRequest, reply: ScriptedReply = {}): Buffer {
  const { status = 0, extras = Buffer.alloc(0), key = '', value = '' } = reply;
  const body = Buffer.concat([extras, Buffer.from(key), Buffer.from(value)]);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(reply.magic ?? 0x81, 0);
  header.writeUInt8(reply.opcode ?? request.opcode, 1);
  header.writeUInt16BE(Buffer.byteLength(key), 2);
  header.writeUInt8(extras.length, 4);
  header.writeUInt16BE(status, 6);
  header.writeUInt32BE(body.length, 8);
  header.writeUInt32BE(reply.opaque ?? request.opaque, 12);
  header.writeBigUInt64BE(1n, 16);
  return Buffer.concat([header, body]);
}

/** The bytes of a hit: an item of text. */
export function hit(request: ScriptedRequest, value: string, reply: ScriptedReply = {}): Buffer {
  const extras = Buffer.alloc(4);
  extras.writeUInt32BE(16, 0);
  return replyTo(request, { extras, key: request.key, value, ...reply });
}

/** The bytes of a miss. */
export function miss(request: ScriptedRequest): Buffer {
  return replyTo(request, { status: 1 });
}

function requestOf(packet: Buffer): Omit<ScriptedRequest, 'index' | 'connection'> {
  const extrasEnd = HEADER_BYTES + packet.readUInt8(4);
  const keyEnd = extrasEnd + packet.readUInt16BE(2);
  return {
    opcode: packet.readUInt8(1),
    opaque: packet.readUInt32BE(12),
    extras: Buffer.from(packet.subarray(HEADER_BYTES, extrasEnd)),
    key: packet.subarray(extrasEnd, keyEnd).toString(),
    value: Buffer.from(packet.subarray(keyEnd)),
  };
}

async function stop(server: Server, sockets: Set<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
}
