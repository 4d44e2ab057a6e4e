import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Header, Req, Res, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type Answer, type HttpApp } from './http-app.js';

const CLIENTS = 20;
const ROUNDS = process.env['HEAVY'] ? 100 : 5;

interface Asked {
  readonly headers: Record<string, string | undefined>;
  readonly query: Record<string, string | undefined>;
}

interface Reply {
  header(name: string, value: string): unknown;
}

let runs = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('slow')
  async slow(@Req() request: Asked): Promise<object> {
    runs += 1;
    await sleep(20);
    return { url: request.query['u'], filler: 'x'.repeat(5000) };
  }

  @Get('language')
  async language(@Req() request: Asked, @Res({ passthrough: true }) reply: Reply): Promise<string> {
    const asked = request.headers['accept-language'] ?? 'none';
    await sleep(Math.random() * 10);
    reply.header('Vary', 'Accept-Language');
    return `hello in ${asked}`;
  }

  @Get('me')
  @Header('Cache-Control', 'public, max-age=60')
  async me(@Req() request: Asked): Promise<string> {
    runs += 1;
    await sleep(10);
    return `balance of ${request.headers['authorization'] ?? 'nobody'}`;
  }

  @Get('mint')
  async mint(@Res({ passthrough: true }) reply: Reply): Promise<object> {
    runs += 1;
    const sid = randomUUID();
    await sleep(10);
    reply.header('Set-Cookie', `sid=${sid}`);
    return { sid };
  }

  @Get('private')
  @Header('Cache-Control', 'private')
  async private(): Promise<object> {
    runs += 1;
    await sleep(10);
    return { run: randomUUID() };
  }
}

const language = (client: number): string => `l${client % 5}`;

/** One answer for each client, all asked for at once. */
function all(ask: (client: number) => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: CLIENTS }, (_, client) => ask(client)));
}

describe.each(PLATFORMS)(`${CLIENTS} clients at once, on %s`, (platform) => {
  let http: HttpApp;

  beforeAll(async () => {
    http = await startController(platform, Pages);
  });

  beforeEach(() => {
    runs = 0;
  });

  afterAll(async () => {
    await http.close();
  });

  it('all get the whole page, and afterwards it is there for all', async () => {
    const first = await all(() => http.ask('/slow?u=same'));
    const ran = runs;
    const second = await all(() => http.ask('/slow?u=same'));

    expect(new Set([...first, ...second].map(({ status, body }) => `${status} ${body}`)).size).toBe(
      1,
    );
    expect(second.map(({ cache }) => cache)).toEqual(Array(CLIENTS).fill('HIT'));
    expect(runs).toBe(ran);
  });

  it('get the page of their own URL each', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const answers = await all((client) => http.ask(`/slow?u=${round}-${client % 7}`));

      expect(answers.map(({ body }) => (JSON.parse(body) as { url: string }).url)).toEqual(
        answers.map((_, client) => `${round}-${client % 7}`),
      );
    }
  });

  it('get the page in their own language each [W3]', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const answers = await all((client) =>
        http.ask(`/language?r=${Math.floor(round / 3)}`, {
          headers: { 'Accept-Language': language(client) },
        }),
      );

      expect(answers.map(({ body }) => body)).toEqual(
        answers.map((_, client) => `hello in ${language(client)}`),
      );
    }
  });

  it('get what is theirs with Authorization, between others who have none [W1 H1]', async () => {
    const answers = await all((client) =>
      http.ask('/me', client % 2 === 0 ? { headers: { Authorization: `user ${client}` } } : {}),
    );

    expect(answers.map(({ body }) => body)).toEqual(
      answers.map((_, client) => `balance of ${client % 2 === 0 ? `user ${client}` : 'nobody'}`),
    );
  });

  it('get a cookie of their own each [H5]', async () => {
    const answers = await all(() => http.ask('/mint'));

    expect(new Set(answers.map(({ headers }) => headers['set-cookie']?.[0])).size).toBe(CLIENTS);
    expect(new Set(answers.map(({ body }) => body)).size).toBe(CLIENTS);
    expect(runs).toBe(CLIENTS);
  });

  it('get a private answer of their own each [H5 H7]', async () => {
    const answers = await all(() => http.ask('/private'));

    expect(new Set(answers.map(({ body }) => body)).size).toBe(CLIENTS);
    expect(runs).toBe(CLIENTS);
  });
});
