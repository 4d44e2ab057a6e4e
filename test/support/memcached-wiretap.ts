import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A listener on the line between a client and a server. */
export interface Wiretap {
  /** What the client is to connect to. */
  readonly address: string;
  /** All that the client sent so far, one character a byte. */
  readonly sent: () => string;
  /** All that the server answered so far. */
  readonly received: () => string;
  stop(): Promise<void>;
}

/** Passes everything on to a server on this port and keeps a copy of it. */
export async function startWiretap(port: number): Promise<Wiretap> {
  const sockets = new Set<Socket>();
  let sent = '';
  let received = '';
  const tap = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined).once('close', () => other.destroy());
    }
    client.on('data', (chunk: Buffer) => {
      sent += chunk.toString('latin1');
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      client.write(chunk);
    });
  });
  tap.listen(0, '127.0.0.1');
  await once(tap, 'listening');
  return {
    address: `127.0.0.1:${(tap.address() as AddressInfo).port}`,
    sent: () => sent,
    received: () => received,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      tap.close();
      await once(tap, 'close');
    },
  };
}
