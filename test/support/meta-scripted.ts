import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A command of the text or meta protocol. */
export interface MetaScriptedRequest {
  /** The line without its end, such as `mg key v s f O7`. */
  readonly line: string;
  /** The words of the line. */
  readonly words: readonly string[];
  /** What its reply has to bear, such as `O7`; empty if nothing. */
  readonly opaque: string;
  /** What follows `ms` or `set`; empty for other commands. */
  readonly value: Buffer;
  /** Which it is on its connection, from 0. */
  readonly index: number;
  /** Which connection it came on, from 0. */
  readonly connection: number;
}

/** What the server does with a command: nothing unless it writes to the socket. */
export type MetaScript = (request: MetaScriptedRequest, socket: Socket) => void;

/** A server on a free loopback port that does as it is told, right or wrong. */
export interface MetaScripted {
  readonly address: string;
  readonly port: number;
  /** How many connections were made so far. */
  readonly connections: () => number;
  /** How often bytes arrived, over all connections. */
  readonly readings: () => number;
  /** All that was received, over all connections. */
  readonly received: () => string;
  stop(): Promise<void>;
}

/** Options of the scripted server. */
export interface MetaScriptedOptions {
  /** What is answered to `version`. Default: `VERSION 1.6.18`. Undefined: the script answers it. */
  readonly version?: string | undefined;
  /** Called with each new connection. */
  readonly onConnection?: (socket: Socket) => void;
  /** Called with each line that is received, without its end. */
  readonly onLine?: (line: string) => void;
}

/** Starts a server that speaks the meta protocol as far as the script does. */
export async function startMetaScripted(
  script: MetaScript,
  options: MetaScriptedOptions = {},
): Promise<MetaScripted> {
  const version = 'version' in options ? options.version : 'VERSION 1.6.18';
  const sockets = new Set<Socket>();
  const chunks: Buffer[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    const connection = connections;
    connections += 1;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    options.onConnection?.(socket);
    let rest: Buffer = Buffer.alloc(0);
    let index = 0;
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      rest = Buffer.concat([rest, chunk]);
      for (let end = requestEnd(rest); end !== -1; end = requestEnd(rest)) {
        const request = { ...requestOf(rest.subarray(0, end)), index, connection };
        rest = rest.subarray(end);
        index += 1;
        options.onLine?.(request.line);
        if (request.line === 'version' && version !== undefined) socket.write(`${version}\r\n`);
        else script(request, socket);
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
    readings: () => chunks.length,
    received: () => Buffer.concat(chunks).toString('latin1'),
    stop: () => stop(server, sockets),
  };
}

/** The reply of a server that has a text under every key: the key itself, unless another is given. */
export function metaHit({ words, opaque }: MetaScriptedRequest, text = words[1]!): string {
  const bytes = Buffer.byteLength(text);
  return `VA ${bytes} s${bytes} f16 ${opaque}\r\n${text}\r\n`;
}

/** The reply of a server that has nothing under the key. */
export function metaMiss({ opaque }: MetaScriptedRequest): string {
  return `EN ${opaque}\r\n`;
}

/** Where the first request in these bytes ends; -1 if it is not there in full. */
function requestEnd(bytes: Buffer): number {
  const lineEnd = bytes.indexOf('\r\n');
  if (lineEnd === -1) return -1;
  const valueBytes = valueBytesOf(bytes.subarray(0, lineEnd).toString());
  const end = lineEnd + 2 + (valueBytes === undefined ? 0 : valueBytes + 2);
  return end <= bytes.length ? end : -1;
}

function requestOf(bytes: Buffer): Omit<MetaScriptedRequest, 'index' | 'connection'> {
  const lineEnd = bytes.indexOf('\r\n');
  const line = bytes.subarray(0, lineEnd).toString();
  const words = line.split(' ');
  const opaque = /^O\d+$/.test(words.at(-1)!) ? words.at(-1)! : '';
  return { line, words, opaque, value: bytes.subarray(lineEnd + 2, -2) };
}

function valueBytesOf(line: string): number | undefined {
  const words = line.split(' ');
  if (words[0] === 'ms') return Number(words[2]);
  return words[0] === 'set' ? Number(words[4]) : undefined;
}

async function stop(server: Server, sockets: Set<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
}
