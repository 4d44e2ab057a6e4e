import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, HttpException, Req, Res, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type Answer, type HttpApp } from './http-app.js';
import { gate, until, type Gate } from './time.js';

const CLIENTS = 300;
const language = (client: number): string => `l${client % 5}`;
const CROWD = process.env['HEAVY'] ? 10_000 : 1_000;

interface Asked {
  readonly headers: Record<string, string | undefined>;
}

interface Reply {
  header(name: string, value: string): unknown;
}

let runs = 0;
/** What the handlers wait for. */
let firstGate: Gate;
/** Handlers that run at the same time, and what lets them go on. */
let together = 0;
let othersGate: Gate;

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('page')
  async page(): Promise<object> {
    runs += 1;
    await firstGate.opened;
    return { run: runs };
  }

  @Get('language')
  async language(@Req() asked: Asked, @Res({ passthrough: true }) reply: Reply): Promise<string> {
    runs += 1;
    await firstGate.opened;
    reply.header('Vary', 'Accept-Language');
    return `hello in ${asked.headers['accept-language']}`;
  }

  @Get('cookie')
  async cookie(@Res({ passthrough: true }) reply: Reply): Promise<object> {
    runs += 1;
    await firstGate.opened;
    const sid = randomUUID();
    reply.header('Set-Cookie', `sid=${sid}`);
    return { sid };
  }

  /** The first one waits to be let go; all others wait together. */
  @Get('own')
  async own(@Res({ passthrough: true }) reply: Reply): Promise<string> {
    runs += 1;
    if (runs === 1) {
      await firstGate.opened;
    } else {
      together += 1;
      await othersGate.opened;
    }
    const sid = randomUUID();
    reply.header('Set-Cookie', `sid=${sid}`);
    return sid;
  }

  @Get('error')
  async error(): Promise<never> {
    runs += 1;
    await firstGate.opened;
    throw new HttpException('not today', 503);
  }

  @Get('large')
  @Header('Content-Type', 'text/plain')
  async large(): Promise<string> {
    runs += 1;
    await firstGate.opened;
    return 'x'.repeat(2 << 20);
  }
}

describe.each(PLATFORMS)(
  `${CLIENTS} requests for one page that is not there, on %s`,
  (platform) => {
    let http: HttpApp;

    beforeAll(async () => {
      http = await startController(platform, Pages);
    });
    beforeEach(() => {
      runs = 0;
      together = 0;
      firstGate = gate();
    });
    afterAll(async () => {
      await http.close();
    });

    /** All ask at once; the handlers go on when the first has begun and the others had the time to. */
    async function all(
      path: string,
      clients = CLIENTS,
      headersOf: (client: number) => Record<string, string> = () => ({}),
    ): Promise<Answer[]> {
      const answers = Array.from({ length: clients }, (_, client) =>
        http.ask(path, { headers: headersOf(client) }),
      );
      await handlersBegun(1);
      await sleep(50);
      firstGate.open();
      return Promise.all(answers);
    }

    it(`run the handler once, ${CROWD} of them too`, async () => {
      const answers = askInCrowd(http.port, '/page?case=crowd', CROWD);
      await handlersBegun(1);
      await sleep(50);
      firstGate.open();

      expect((await answers).map(({ body }) => body)).toEqual(Array(CROWD).fill('{"run":1}'));
      expect(runs).toBe(1);
    });

    it(`run it side by side if each is to get a cookie of its own, ${CROWD} of them too`, async () => {
      const askedBefore = http.asked();
      othersGate = gate();

      const answers = askInCrowd(http.port, '/own', CROWD);
      await until(() => http.asked() - askedBefore === CROWD);
      await sleep(50);
      const before = { runs, together };
      firstGate.open();
      // None of them is let go before all others run, so they wait for nobody.
      await until(() => together === CROWD - 1);
      othersGate.open();

      expect(before).toEqual({ runs: 1, together: 0 });
      const cookies = (await answers).map(({ head, body }) => {
        expect(head).toContain(`set-cookie: sid=${body}\r\n`);
        return body;
      });
      expect(new Set(cookies).size).toBe(CROWD);
      expect(runs).toBe(CROWD);
    }, 120_000);

    it('run the handler once, and all get what it made [W23]', async () => {
      const answers = await all('/page?case=once');

      expect(runs).toBe(1);
      expect(new Set(answers.map(({ status, body }) => `${status} ${body}`))).toEqual(
        new Set(['200 {"run":1}']),
      );
      const states = answers.map(({ cache }) => cache);
      expect(states.filter((state) => state === 'MISS').length).toBe(1);
      expect(states.filter((state) => state === 'HIT').length).toBe(CLIENTS - 1);
    });

    it('run it once for each of the languages that it tells apart', async () => {
      const answers = await all('/language?case=five', CLIENTS, (client) => ({
        'Accept-Language': language(client),
      }));

      expect(answers.map(({ body }) => body)).toEqual(
        answers.map((_, client) => `hello in ${language(client)}`),
      );
      expect(runs).toBe(5);
    });

    it('get a cookie of their own each, and do not wait for each other the next time', async () => {
      const answers = await all('/cookie', 50);

      expect(new Set(answers.map(({ headers }) => headers['set-cookie']?.[0])).size).toBe(50);
      expect(runs).toBe(50);
      runs = 0;
      firstGate = gate();
      const again = Array.from({ length: 20 }, () => http.ask('/cookie'));
      await handlersBegun(20);
      firstGate.open();
      expect(new Set((await Promise.all(again)).map(({ body }) => body)).size).toBe(20);
    });

    it('get an error of their own each', async () => {
      const answers = await all('/error', 50);

      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(503));
      expect(runs).toBe(50);
    });

    it('get a page that is too large to be kept all the same', async () => {
      const answers = await all('/large', 10);

      expect(answers.map(({ body }) => body.length)).toEqual(Array(10).fill(2 << 20));
      expect(runs).toBe(10);
    });

    it('are served by the next of them when the first one leaves', async () => {
      const leave = askAndLeave(http.port, '/page?case=left');
      await handlersBegun(1);
      const others = Array.from({ length: 20 }, () => http.ask('/page?case=left'));
      await sleep(50);

      await leave();
      await handlersBegun(2);
      firstGate.open();
      const answers = await Promise.all(others);

      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['{"run":2}']));
      expect(runs).toBe(2);
    });

    it('leave the others alone when one who waits leaves', async () => {
      const first = http.ask('/page?case=patient');
      await handlersBegun(1);
      const leave = askAndLeave(http.port, '/page?case=patient');
      const others = Array.from({ length: 20 }, () => http.ask('/page?case=patient'));
      await sleep(50);

      await leave();
      firstGate.open();

      expect(new Set((await Promise.all([first, ...others])).map(({ body }) => body))).toEqual(
        new Set(['{"run":1}']),
      );
      expect(runs).toBe(1);
    });
  },
);

async function handlersBegun(count: number): Promise<void> {
  const begun = (): boolean => runs >= count;
  while (!begun()) await sleep(1);
}

/** Asks, and answers what takes the client away before it was answered. */
function askAndLeave(port: number, path: string): () => Promise<void> {
  const asking = request({ host: '127.0.0.1', port, path, agent: false });
  asking.on('error', () => undefined).end();
  return () =>
    new Promise((resolve) => {
      asking.once('close', () => resolve());
      asking.destroy();
    });
}

const PIPELINED = 100;

interface RawAnswer {
  /** With the names of the headers in lower case. */
  readonly head: string;
  readonly body: string;
}

/** Many answers to requests that are sent at once, a hundred on each connection. */
async function askInCrowd(port: number, path: string, count: number): Promise<RawAnswer[]> {
  const connections = Array.from({ length: count / PIPELINED }, async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`.repeat(PIPELINED));
    let text = '';
    const answers: RawAnswer[] = [];
    for await (const chunk of socket) {
      text += String(chunk);
      for (let taken = takeAnswer(text); taken; taken = takeAnswer(text)) {
        answers.push(taken);
        text = taken.rest;
      }
      if (answers.length === PIPELINED) break;
    }
    return answers;
  });
  return (await Promise.all(connections)).flat();
}

function takeAnswer(text: string): (RawAnswer & { rest: string }) | undefined {
  const head = /^HTTP\/1\.1 200 OK\r\n[^]*?content-length: (\d+)\r\n[^]*?\r\n\r\n/i.exec(text);
  if (!head) return undefined;
  const end = head[0].length + Number(head[1]);
  if (text.length < end) return undefined;
  const names = head[0].replaceAll(/^[^:\r\n]+:/gm, (name) => name.toLowerCase());
  return { head: names, body: text.slice(head[0].length, end), rest: text.slice(end) };
}
