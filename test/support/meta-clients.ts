import { MetaClient } from '../../lib/backends/memcached/meta.client.js';
import { MetaCommands } from '../../lib/backends/memcached/meta.commands.js';
import type { MetaConnectionOptions } from '../../lib/backends/memcached/meta.connection.js';
import { MetaLink } from '../../lib/backends/memcached/meta.link.js';
import { parseLocation } from '../../lib/backends/memcached/server-address.js';
import { grammarFault } from './meta-grammar.js';
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
  /** The bare commands to a location, one method for each. */
  commandsTo(location: string, options?: MetaTestOptions): MetaCommands;
  close(): Promise<void>;
}

// A busy machine must not look like a slow server: a test about a deadline gives its own.
const LIMITS = { connectTimeoutMs: 10_000, deadlineMs: 10_000 };

/**
 * Makes clients and ends them all, also after a test that failed.
 *
 * Whatever a scripted server was sent is held against memcached's protocol text: `close()` rejects if a line breaks it.
 */
export function metaClients(): MetaClients {
  const clients: Pick<MetaClient, 'close'>[] = [];
  const servers: MetaScripted[] = [];
  let fault: string | undefined;
  const to = (location: string, options: MetaTestOptions = {}): MetaClient => {
    const [address] = parseLocation(location, 'the test');
    const client = new MetaClient(address!, { ...LIMITS, ...options });
    clients.push(client);
    return client;
  };
  return {
    to,
    commandsTo: (location, options) => {
      const [address] = parseLocation(location, 'the test');
      const link = new MetaLink(address!, { ...LIMITS, ...options });
      clients.push(link);
      return new MetaCommands(link);
    },
    scripted: async (script, options, serverOptions) => {
      const server = await startMetaScripted(script, {
        ...serverOptions,
        onLine: (line) => {
          // What begins a connection over TLS are no lines.
          if (options?.tls === undefined) fault ??= grammarFault(line);
        },
      });
      servers.push(server);
      return { client: to(server.address, options), server };
    },
    close: async () => {
      for (const client of clients.splice(0)) client.close();
      await Promise.all(servers.splice(0).map((server) => server.stop()));
      const broken = fault;
      fault = undefined;
      if (broken !== undefined) throw new Error(`The client broke the protocol: ${broken}.`);
    },
  };
}
