import { spawn, spawnSync } from 'node:child_process';
import { createServer, connect } from 'node:net';

const HOST = '127.0.0.1';
const UP_WITHIN_MS = 5_000;
const SIGNALS = ['SIGINT', 'SIGTERM'];

/** How each server is started: enough memory that nothing is evicted, nothing written to a disk. */
const COMMANDS = {
  memcached: (port) => [
    'memcached',
    `--listen=${HOST}`,
    `--port=${port}`,
    '--udp-port=0',
    '--memory-limit=1024',
    '--max-item-size=2m',
    '--threads=2',
    // memcached does not run as root unless it is told whose rights to take.
    ...(process.getuid?.() === 0 ? ['--user=nobody'] : []),
  ],
  redis: (port) => [
    'redis-server',
    '--bind',
    HOST,
    '--port',
    String(port),
    '--save',
    '',
    '--appendonly',
    'no',
  ],
};

/**
 * Starts servers on free loopback ports.
 *
 * @param names Of COMMANDS.
 * @returns { ports: { [name]: port }, missing: { [name]: why }, versions, stop() }; `stop` ends exactly these processes.
 */
export async function startServers(names) {
  const running = [];
  const kill = () => {
    for (const child of running) child.kill('SIGKILL');
  };
  process.on('exit', kill);
  for (const signal of SIGNALS) process.on(signal, leave);
  const ports = {};
  const missing = {};
  const versions = {};
  for (const name of names) {
    const [program] = COMMANDS[name](0);
    const { error, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (error) {
      missing[name] = `${program} is not installed`;
      continue;
    }
    versions[name] = stdout.trim().split('\n')[0];
    const { child, port } = await start(name);
    running.push(child);
    ports[name] = port;
  }
  const stop = async () => {
    await Promise.all(running.map(end));
    process.off('exit', kill);
    for (const signal of SIGNALS) process.off(signal, leave);
  };
  return { ports, missing, versions, stop };
}

/** A process that a signal ends runs no exit handlers; one that exits does. */
function leave() {
  process.exit(1);
}

async function start(name) {
  const port = await freePort();
  const [program, ...args] = COMMANDS[name](port);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-500);
  });
  const failed = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} ended (${code}): ${complaint}`)));
  });
  await Promise.race([answers(port), failed]);
  // From here on its end shows in what the contestants say.
  failed.catch(() => undefined);
  return { child, port };
}

async function answers(port) {
  const giveUpAt = performance.now() + UP_WITHIN_MS;
  while (!(await connects(port))) {
    if (performance.now() > giveUpAt) throw new Error(`nothing listens on ${HOST}:${port}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

function connects(port) {
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, HOST, () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await ended;
  clearTimeout(killer);
}
