import { connect, isIP } from 'node:net';
import type { OnReadOpts, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import type { ServerAddress } from './server-address.js';

// What a socket reads at once. One buffer for all readings of a connection: a fresh one for each costs more than copying
// the values out of it.
const READ_BYTES = 65_536;

/**
 * Begins a connection.
 *
 * @param tls Undefined: in the clear.
 * @param onRead Takes what arrived: the first bytes of a buffer that is read into again when it returns.
 * @param onConnect Called when commands can be sent, so over TLS after the handshake.
 */
export function openSocket(
  address: ServerAddress,
  tls: ConnectionOptions | undefined,
  onRead: (buffer: Buffer, bytes: number) => void,
  onConnect: () => void,
): Socket {
  const { host, port, path } = address;
  const place = path === undefined ? { host: host!, port } : { path };
  const onread: OnReadOpts = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (bytes, buffer) => {
      onRead(buffer as Buffer, bytes);
      return true;
    },
  };
  const options = { ...place, noDelay: true, onread };
  if (tls === undefined) return connect(options, onConnect);
  const servername = host === undefined || isIP(host) !== 0 ? {} : { servername: host };
  return connectTls({ ...servername, ...tls, ...options }, onConnect).setNoDelay(true);
}
