import { MetaClient } from '../../lib/backends/memcached/meta.client.js';
import type { MetaConnectionOptions } from '../../lib/backends/memcached/meta.connection.js';
import { parseLocation } from '../../lib/backends/memcached/server-address.js';
import { startMetaScripted } from './meta-scripted.js';
import type { MetaScript, MetaScripted, MetaScriptedOptions } from './meta-scripted.js';

/** Options of a client under test; those not given are the backend's own. */
export type MetaTestOptions = Partial<MetaConnectionOptions>;

/** Clients and scripted servers of one test file, ended together. */
export interface MetaClients {
  /** A client for a location such as `127.0.0.1:11211`. */
  to(location: string, options?: MetaTestOptions): MetaClient;
  /** A client and the scripted server that it speaks to. */
  scripted(
    script: MetaScript,
    options?: MetaTestOptions,
    serverOptions?: MetaScriptedOptions,
  ): Promise<{ readonly client: MetaClient; readonly server: MetaScripted }>;
  close(): Promise<void>;
}

/** Makes clients and ends them all, also after a test that failed. */
export function metaClients(): MetaClients {
  const clients: MetaClient[] = [];
  const servers: MetaScripted[] = [];
  const to = (location: string, options: MetaTestOptions = {}): MetaClient => {
    const [address] = parseLocation(location, 'the test');
    const client = new MetaClient(address!, {
      connectTimeoutMs: 500,
      deadlineMs: 250,
      ...options,
    });
    clients.push(client);
    return client;
  };
  return {
    to,
    scripted: async (script, options, serverOptions) => {
      const server = await startMetaScripted(script, serverOptions);
      servers.push(server);
      return { client: to(server.address, options), server };
    },
    close: async () => {
      for (const client of clients.splice(0)) client.close();
      await Promise.all(servers.splice(0).map((server) => server.stop()));
    },
  };
}
