import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { StreamReport } from '../../support/stream-server.js';
import { PLATFORMS } from './http-app.js';

jest.setTimeout(process.env['HEAVY'] ? 600_000 : 180_000);

const MEBIBYTE = 1024 * 1024;
const BYTES = (process.env['HEAVY'] ? 1024 : 100) * MEBIBYTE;
const CHUNK = 64 * 1024;
/** More than what the same stream takes without the interceptor. */
const MOST_MORE = 16 * MEBIBYTE;
/** A slow reader stops for a moment whenever it has read so much. */
const BETWEEN_STOPS = 10 * MEBIBYTE;

/** Freed memory goes back to the system, so that the resident set is what is in use. For glibc; others do not read it. */
const ALLOCATOR = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '32768',
  MALLOC_TRIM_THRESHOLD_: '65536',
};

const LOADER = new URL('../../support/sample-app-loader.mjs', import.meta.url).href;
const SERVER = fileURLToPath(new URL('../../support/stream-server.ts', import.meta.url));

/** The application in its process. */
interface Server {
  readonly port: number;
  report(): Promise<StreamReport>;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

async function startServer(platform: string): Promise<Server> {
  const child = fork(SERVER, [platform], {
    env: { ...process.env, ...ALLOCATOR },
    execArgv: ['--expose-gc', '--import', LOADER],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const next = async (): Promise<unknown> => {
    const aborter = new AbortController();
    const { signal } = aborter;
    try {
      const ended = once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`The server ended with code ${String(code)}.`);
      });
      const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [
        unknown,
      ];
      return message;
    } finally {
      aborter.abort();
    }
  };
  const port = (await next()) as number;
  return {
    port,
    report: () => {
      child.send('report');
      return next() as Promise<StreamReport>;
    },
    stop: async () => {
      child.kill('SIGKILL');
      if (running.has(child)) await once(child, 'exit');
    },
  };
}

/** What a client got, and what it knows of the server. */
interface Reading {
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
  readonly hash: string;
  /** The most bytes that the server was ahead of a client that had stopped. */
  readonly ahead: number;
}

/** Reads the whole body. @param isSlow Stops in between, and asks the server how far it is. */
async function read(server: Server, path: string, isSlow: boolean): Promise<Reading> {
  const before = isSlow ? (await server.report()).made : 0;
  const hash = createHash('sha1');
  let bytes = 0;
  let ahead = 0;
  const request = get({ host: '127.0.0.1', port: server.port, path, agent: false });
  const [response] = (await once(request, 'response')) as [
    NodeJS.ReadableStream & { headers: IncomingHttpHeaders },
  ];
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const stops = Math.floor(bytes / BETWEEN_STOPS);
    bytes += chunk.length;
    hash.update(chunk);
    if (!isSlow || stops === Math.floor(bytes / BETWEEN_STOPS)) continue;
    // So long that a server that does not wait for its client would be done.
    await sleep(150);
    ahead = Math.max(ahead, (await server.report()).made - before - bytes);
  }
  return { headers: response.headers, bytes, hash: hash.digest('hex'), ahead };
}

function hashOf(bytes: number): string {
  const hash = createHash('sha1');
  for (let index = 0; index * CHUNK < bytes; index += 1)
    hash.update(Buffer.alloc(CHUNK, index % 251));
  return hash.digest('hex');
}

const HASH = hashOf(BYTES);

describe.each(PLATFORMS)('a stream of a hundred times what is kept, on %s', (platform) => {
  let server: Server;

  /** What it takes to send one. */
  async function taken(path: string, isSlow = false): Promise<StreamReport & Reading> {
    await server.report();
    const reading = await read(server, `${path}bytes=${BYTES}`, isSlow);
    return { ...(await server.report()), ...reading };
  }

  beforeEach(async () => {
    server = await startServer(platform);
    // What is loaded and compiled on the first requests is nobody's stream.
    for (const path of ['/without', '/with']) {
      await read(server, `${path}?bytes=${20 * MEBIBYTE}`, false);
    }
  });

  afterEach(async () => {
    await server.stop();
  });

  it.each([
    ['of unknown length', '?'],
    ['of a length that is announced', '?length=1&'],
  ])('%s takes hardly more memory with the interceptor, and is not kept', async (_what, query) => {
    const without = await taken(`/without${query}`);
    const through = await taken(`/with${query}`);
    const again = await taken(`/with${query}`);

    expect([through.bytes, through.hash]).toEqual([BYTES, HASH]);
    expect([again.bytes, again.hash]).toEqual([BYTES, HASH]);
    expect([again.runs - through.runs, again.items]).toEqual([1, 0]);
    expect([through, again].map(({ headers }) => headers['x-cache'])).not.toContain('HIT');
    expect(through.headers['content-length']).toBe(without.headers['content-length']);
    expect(through.heldMore - without.heldMore).toBeLessThanOrEqual(MOST_MORE);
    expect(through.residentMore - without.residentMore).toBeLessThanOrEqual(MOST_MORE);
  });

  it('waits for a client that reads slowly, and takes no more memory for it', async () => {
    const without = await taken('/without?', true);
    const through = await taken('/with?', true);

    expect([through.bytes, through.hash]).toEqual([BYTES, HASH]);
    expect(through.ahead).toBeGreaterThan(0);
    // What it is ahead lies in the buffers of the system, which are as large as the system likes.
    expect(through.ahead).toBeLessThanOrEqual(BYTES / 2);
    expect(through.heldMore - without.heldMore).toBeLessThanOrEqual(MOST_MORE);
    expect(through.residentMore - without.residentMore).toBeLessThanOrEqual(MOST_MORE);
  });
});
