import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';

/** A memcached process of this test, on a free loopback port. */
export interface MemcachedServer {
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly port: number;
  /** The process that runs now; another one after `restart()`. */
  readonly pid: number;
  /** Ends the process, also one that is stopped. Idempotent. */
  stop(): Promise<void>;
  /** Sends a signal. Resolves when the process has ended, for SIGSTOP when it stands still, for SIGCONT at once. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends the process if it runs and starts an empty one on the same port. */
  restart(): Promise<void>;
}

/** Servers of one test file, stopped together. */
export interface MemcachedServers {
  start(args?: readonly string[]): Promise<MemcachedServer>;
  stop(): Promise<void>;
}

/** The sockets of this file: what a test counts as connections of its caches leaves them out. */
export const ownSockets = new WeakSet<Socket>();

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Why tests with a real memcached cannot run here; undefined if they can. */
export const memcachedMissing: string | undefined =
  spawnSync('memcached', ['-V']).status === 0 ? undefined : 'memcached is not on the PATH';

/**
 * A `describe` that needs a real memcached. Without one it is skipped with the reason in its title; with `CI=true` it
 * fails instead, so that nothing is left out unseen.
 */
export function describeWithMemcached(title: string, fn: () => void): void {
  describeUnless(memcachedMissing, title, fn);
}

/** A `describe` that is skipped for a reason, and fails for it with `CI=true`. */
export function describeUnless(reason: string | undefined, title: string, fn: () => void): void {
  if (reason === undefined) {
    describe(title, fn);
  } else if (process.env['CI'] === 'true') {
    describe(title, () => {
      it('has what it needs', () => {
        expect(reason).toBeUndefined();
      });
    });
  } else {
    // Jest does not name the suites it skips.
    process.stderr.write(`skipped: ${title}: ${reason}\n`);
    describe.skip(`${title} (skipped: ${reason})`, fn);
  }
}

/**
 * Starts memcached on a free loopback port and resolves when it accepts connections.
 *
 * @param args More arguments for it, such as `['-I', '2m']`.
 */
export async function startMemcached(args: readonly string[] = []): Promise<MemcachedServer> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return new Server(port, args, await spawnMemcached(port, args));
    } catch (error) {
      // Another process may have taken the port between our look and the server's.
      if (attempt === 5) throw error;
    }
  }
}

/** Starts servers and stops them all, also after a test that failed. */
export function memcachedServers(): MemcachedServers {
  const servers: MemcachedServer[] = [];
  return {
    start: async (args) => {
      const server = await startMemcached(args);
      servers.push(server);
      return server;
    },
    stop: async () => {
      await Promise.all(servers.splice(0).map((server) => server.stop()));
    },
  };
}

/**
 * Sends text to a server over a socket of its own and answers all that comes back.
 *
 * @param text Command lines, such as `mg key v f t`; a missing end of line is added.
 */
export async function rawCommand(port: number, text: string): Promise<string> {
  const socket = connectTo(port);
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // "mn" is answered by "MN" after everything before it, so nothing has to be timed.
  socket.write(`${text.replace(/(\r\n)?$/, '\r\n')}mn\r\n`);
  const isOver = (): boolean => Buffer.concat(chunks).toString('latin1').endsWith('MN\r\n');
  while (!isOver() && !socket.readableEnded && !socket.destroyed) {
    await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  }
  socket.destroy();
  return Buffer.concat(chunks)
    .toString()
    .replace(/MN\r\n$/, '');
}

/** How many items a server holds. */
export async function itemsOn(port: number): Promise<number> {
  return Number(/STAT curr_items (\d+)/.exec(await rawCommand(port, 'stats'))![1]);
}

/**
 * A loopback port that nobody listens on now.
 *
 * It lies below those that systems give to whom does not ask for one (32768 on Linux, 49152 elsewhere). So it is still free
 * when a server that was killed comes back, and no other test's server answers there in the meantime.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE') throw error;
        return false;
      },
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

class Server implements MemcachedServer {
  readonly address: string;
  readonly #args: readonly string[];
  #child: ChildProcess;

  constructor(
    readonly port: number,
    args: readonly string[],
    child: ChildProcess,
  ) {
    this.address = `127.0.0.1:${port}`;
    this.#args = args;
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL');
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ends = signal !== 'SIGSTOP' && signal !== 'SIGCONT';
    const exit = ends ? once(child, 'exit') : undefined;
    child.kill(signal);
    await (signal === 'SIGSTOP' ? stopped(child.pid!) : exit);
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#child = await spawnMemcached(this.port, this.#args);
  }
}

async function spawnMemcached(port: number, args: readonly string[]): Promise<ChildProcess> {
  const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(
    'memcached',
    ['-l', '127.0.0.1', '-p', String(port), '-U', '0', ...asRoot, ...args],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  running.add(child);
  // A test that fails before it stops its server must not keep the runner waiting.
  child.unref();
  (child.stderr as unknown as Socket).unref();
  // On a unix socket it listens nowhere else.
  const path = args.includes('-s') ? args[args.indexOf('-s') + 1] : undefined;
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  child.once('exit', () => running.delete(child));
  for (let waited = 0; waited < 10_000; waited += 20) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (await accepts(path ?? port)) return child;
    await sleep(20);
  }
  child.kill('SIGKILL');
  throw new Error(`memcached did not start on port ${port}: ${complaint.trim()}`);
}

// The signal takes effect some time after it was sent.
async function stopped(pid: number): Promise<void> {
  for (let waited = 0; waited < 2_000; waited += 5) {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').then(
      (stat) => / ([A-Z]) /.exec(stat)![1],
      // Where there is no /proc, a moment has to do.
      () => (waited >= 100 ? 'T' : 'R'),
    );
    if (state === 'T') return;
    await sleep(5);
  }
}

async function accepts(place: number | string): Promise<boolean> {
  const socket = connectTo(place);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function connectTo(place: number | string): Socket {
  const socket = typeof place === 'string' ? connect(place) : connect(place, '127.0.0.1');
  ownSockets.add(socket);
  return socket;
}
