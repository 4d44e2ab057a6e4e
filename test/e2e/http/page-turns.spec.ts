import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { CachePage, type HttpOptions } from 'nestjs-cache-framework';
import { LOCK_KINDS, type SharedPlace } from '../../support/lease-places.js';
import { describeUnless } from '../../support/memcached.js';
import { startController, type Answer, type HttpApp } from './http-app.js';
import { gate, until, type Gate } from './time.js';

const CLIENTS = 20;
/** All applications are asked under one name, as those behind one proxy are. */
const HOST = 'shop.example';

interface Asked {
  readonly headers: Record<string, string | undefined>;
}

interface Reply {
  header(name: string, value: string): unknown;
}

let runs = 0;
/** Handlers that wait for a gate. */
let waiting = 0;
/** By the number of the run; a run without a gate goes on. */
let gates: (run: number) => Gate | undefined;

async function run(): Promise<number> {
  const number = ++runs;
  waiting += 1;
  await gates(number)?.opened;
  waiting -= 1;
  return number;
}

@Controller()
class Pages {
  @Get('page')
  @CachePage(60)
  async page(): Promise<string> {
    return `run ${await run()}`;
  }

  @Get('language')
  @CachePage(60)
  async language(@Req() asked: Asked, @Res({ passthrough: true }) reply: Reply): Promise<string> {
    await run();
    reply.header('Vary', 'Accept-Language');
    return `hello in ${asked.headers['accept-language']}`;
  }

  @Get('cookie')
  @CachePage(60)
  async cookie(@Res({ passthrough: true }) reply: Reply): Promise<string> {
    await run();
    reply.header('Set-Cookie', `sid=${randomUUID()}`);
    return 'a cookie';
  }

  @Get('stale')
  @CachePage(1, { staleWhileRevalidate: 60 })
  async stale(): Promise<string> {
    return `run ${await run()}`;
  }
}

for (const { title, missing, make } of LOCK_KINDS) {
  describeUnless(missing, `two applications that share pages on ${title}`, () => {
    let place: SharedPlace;
    let apps: HttpApp[];

    beforeEach(async () => {
      place = await make();
      runs = 0;
      waiting = 0;
      gates = () => undefined;
      apps = [];
    });
    afterEach(async () => {
      await Promise.all(apps.map((app) => app.close()));
      await place.remove();
    });

    async function start(http: HttpOptions = {}): Promise<void> {
      const cache = { ...place.cache, http };
      apps = [
        await startController('express', Pages, { cache }),
        await startController('fastify', Pages, { cache }),
      ];
    }

    const ask = (app: number, path: string, headers = {}): Promise<Answer> =>
      apps[app]!.ask(path, { headers: { Host: HOST, ...headers } });

    /** So many ask each application. */
    const all = (path: string, headersOf: (client: number) => object = () => ({})) =>
      Array.from({ length: 2 * CLIENTS }, (_, client) => ask(client % 2, path, headersOf(client)));

    it('run the handler once for all who ask for a page', async () => {
      await start();
      const first = gate();
      gates = () => first;
      const answers = all('/page');
      await until(() => waiting === 1);
      await sleep(50);
      first.open();

      const bodies = (await Promise.all(answers)).map(({ status, body }) => `${status} ${body}`);

      expect(bodies).toEqual(Array(2 * CLIENTS).fill('200 run 1'));
      expect(runs).toBe(1);
    });

    it('run it once for each variant', async () => {
      await start();
      const answers = await Promise.all(
        all('/language', (client) => ({ 'Accept-Language': `l${client % 5}` })),
      );

      expect(answers.map(({ body }) => body)).toEqual(
        answers.map((_, client) => `hello in l${client % 5}`),
      );
      expect(runs).toBe(5);
    });

    it('do not wait for each other once it is known that each client has to have its own', async () => {
      await start();
      const first = gate();
      const others = gate();
      gates = (number) => (number === 1 ? first : others);
      const answers = all('/cookie');
      await until(() => waiting === 1);
      await sleep(50);
      expect(runs).toBe(1);
      first.open();
      // All at the same time, in both.
      await until(() => waiting === 2 * CLIENTS - 1);
      others.open();

      const cookies = (await Promise.all(answers)).map(({ headers }) => headers['set-cookie']?.[0]);

      expect(new Set(cookies).size).toBe(2 * CLIENTS);
      expect(runs).toBe(2 * CLIENTS);
    });

    it('make a page past its time anew once', async () => {
      await start();
      await ask(0, '/stale');
      await sleep(1_100);
      const second = gate();
      gates = () => second;

      const stale = await Promise.all(all('/stale'));
      await until(() => waiting === 1);
      await sleep(50);
      second.open();
      await until(() => waiting === 0);

      expect(new Set(stale.map(({ cache, body }) => `${cache} ${body}`))).toEqual(
        new Set(['STALE run 1']),
      );
      expect(runs).toBe(2);
    });

    it('wait for each other no longer than for coalesceTimeout', async () => {
      await start({ coalesceTimeout: '100ms' });
      const first = gate();
      gates = (number) => (number === 1 ? first : undefined);
      const slow = ask(0, '/page');
      await until(() => waiting === 1);

      const other = await ask(1, '/page');
      first.open();

      expect(other).toMatchObject({ cache: 'MISS', body: 'run 2' });
      expect((await slow).body).toBe('run 1');
      expect(runs).toBe(2);
    });

    it('replace one whose client left', async () => {
      await start();
      const first = gate();
      gates = (number) => (number === 1 ? first : undefined);
      const leaver = request(apps[0]!.port, '/page');
      await until(() => waiting === 1);
      const other = ask(1, '/page');
      await sleep(50);
      leaver.destroy();

      expect(await other).toMatchObject({ status: 200, cache: 'MISS', body: 'run 2' });
      first.open();
      await until(() => waiting === 0);
      expect(runs).toBe(2);
    });

    it('leave no lock behind', async () => {
      await start();
      await Promise.all(all('/page'));
      await until(() => place.leftovers().length === 0);

      const before = runs;
      await apps[0]!.cache.clear();
      await Promise.all(all('/page'));
      expect(runs - before).toBe(1);
    });
  });
}

/** A client that can hang up. */
function request(port: number, path: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  return socket;
}
