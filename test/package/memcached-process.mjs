import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Options for `describe()`: without memcached it is skipped with the reason, with `CI=true` it runs and fails. */
export const NEEDS_MEMCACHED =
  spawnSync('memcached', ['-V']).status === 0 || process.env.CI === 'true'
    ? {}
    : { skip: 'memcached is not on the PATH' };

/**
 * Starts memcached on a free loopback port.
 *
 * @returns { address, port, stop() }
 */
export async function startMemcached() {
  const port = await freePort();
  const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('memcached', ['-l', '127.0.0.1', '-p', `${port}`, '-U', '0', ...asRoot], {
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 200 && !(await accepts(port)); tries += 1) await delay(20);
  return {
    address: `127.0.0.1:${port}`,
    port,
    stop: async () => {
      if (child.exitCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
