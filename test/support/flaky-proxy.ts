import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A network between a client and a server that breaks connections, but changes no byte. */
export interface FlakyProxy {
  readonly address: string;
  /** How often something went wrong so far. */
  readonly faults: () => number;
  stop(): Promise<void>;
}

/** How often what happens to bytes that pass, in ten thousand. */
export interface FlakyRates {
  /** They come in two pieces, the second a moment later. */
  readonly split: number;
  /** Some of them come, and the connection is closed. */
  readonly close: number;
  /** Some of them come, and the connection is reset. */
  readonly reset: number;
  /** They and all that follow come so many milliseconds later. */
  readonly stall: number;
  readonly stallMs: number;
  /** Whatever passes takes up to so many milliseconds for it, in their order. Undefined: none. */
  readonly delayMs?: number;
}

/**
 * Starts a proxy to a server on this port.
 *
 * @param random A number from 0 up to, but not including, the one it is given.
 */
export async function startFlakyProxy(
  port: number,
  rates: FlakyRates,
  random: (below: number) => number,
): Promise<FlakyProxy> {
  const sockets = new Set<Socket>();
  let faults = 0;
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    pass(client, server);
    pass(server, client);
  });

  function pass(from: Socket, to: Socket): void {
    sockets.add(from);
    let work: Promise<unknown> = Promise.resolve();
    from.setNoDelay(true);
    from
      .on('error', () => undefined)
      .once('close', () => {
        sockets.delete(from);
        work = work.then(() => to.destroy());
      })
      .on('data', (chunk: Buffer) => {
        const { delayMs } = rates;
        const delay =
          delayMs === undefined ? undefined : sleep(random(delayMs + 1), undefined, { ref: false });
        work = work.then(() => delay).then(() => passChunk(chunk, from, to));
      });
  }

  async function passChunk(chunk: Buffer, from: Socket, to: Socket): Promise<void> {
    const { split, close, reset, stall, stallMs } = rates;
    const fate = random(10_000);
    const cut = random(chunk.length + 1);
    if (fate < split) {
      to.write(chunk.subarray(0, cut));
      await new Promise(setImmediate);
      to.write(chunk.subarray(cut));
    } else if (fate < split + close + reset) {
      faults += 1;
      to.write(chunk.subarray(0, cut));
      await new Promise(setImmediate);
      if (fate < split + close) to.end();
      else to.resetAndDestroy();
      from.destroy();
    } else {
      if (fate < split + close + reset + stall) {
        faults += 1;
        await sleep(stallMs, undefined, { ref: false });
      }
      to.write(chunk);
    }
  }

  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    address: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    faults: () => faults,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
