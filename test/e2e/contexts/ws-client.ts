import { createRequire } from 'node:module';
import { on, once, type EventEmitter } from 'node:events';

/** What is used of a client of the package ws, which has no types of its own. */
interface Socket extends EventEmitter {
  send(text: string): void;
  close(): void;
}

const { WebSocket } = createRequire(import.meta.url)('ws') as {
  WebSocket: new (url: string, protocols: readonly string[], options: object) => Socket;
};

/** A client of a WebSocket server that speaks JSON. */
export interface WsClient {
  send(message: object): void;
  /** The next message. */
  next(): Promise<unknown>;
  close(): Promise<void>;
}

/** Connects to a server on a loopback port. */
export async function connect(
  port: number,
  path = '/',
  protocols: readonly string[] = [],
  headers: Readonly<Record<string, string>> = {},
): Promise<WsClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers });
  const messages = on(socket, 'message');
  await once(socket, 'open');
  return {
    send: (message) => {
      socket.send(JSON.stringify(message));
    },
    next: async () => {
      const { value } = (await messages.next()) as { value: [Buffer] };
      return JSON.parse(String(value[0])) as unknown;
    },
    close: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

/** Connects to a GraphQL endpoint by the protocol of graphql-ws. */
export async function connectGraphql(
  port: number,
  { payload = {}, headers = {} }: { payload?: object; headers?: Record<string, string> } = {},
): Promise<WsClient> {
  const client = await connect(port, '/graphql', ['graphql-transport-ws'], headers);
  client.send({ type: 'connection_init', payload });
  await client.next();
  return client;
}
