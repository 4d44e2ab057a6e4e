import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Query,
  Session,
  UseGuards,
  UseInterceptors,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { PLATFORMS, type Answer, type HttpApp } from './http-app.js';
import {
  keepsSessions,
  sessionsOf,
  SESSION_COOKIE,
  startLayered,
  type SessionSettings,
} from './real-layers.js';

interface Visit {
  name?: string;
  seen?: number;
}

const runs: Record<string, number> = {};

function run(name: string): number {
  return (runs[name] = (runs[name] ?? 0) + 1);
}

/** Begins a session for some visitors before the page is looked for. */
class Welcome implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context
      .switchToHttp()
      .getRequest<{ headers: Record<string, string>; session: Visit }>();
    const name = request.headers['x-welcome'];
    if (name !== undefined) request.session.name = name;
    return true;
  }
}

@Controller()
class Enter {
  @Get('enter')
  enter(@Session() session: Visit, @Query('name') name: string): object {
    session.name = name;
    return { entered: name };
  }
}

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('page')
  page(): object {
    return { run: run('page') };
  }

  @Get('greeting')
  greeting(@Session() session: Visit): object {
    return { run: run('greeting'), name: session.name ?? 'nobody' };
  }

  @Get('count')
  count(@Session() session: Visit): object {
    session.seen = (session.seen ?? 0) + 1;
    return { run: run('count'), seen: session.seen };
  }

  @Get('welcome')
  @UseGuards(new Welcome())
  welcome(): object {
    return { run: run('welcome') };
  }
}

const SETTINGS = [true, false].flatMap((saveUninitialized) =>
  [true, false].map((rolling) => ({ saveUninitialized, rolling })),
);

const cookieOf = (session: string): { headers: { Cookie: string } } => ({
  headers: { Cookie: `${SESSION_COOKIE}=${session}` },
});

describe.each(
  PLATFORMS.flatMap((platform) => SETTINGS.map((settings) => [platform, settings] as const)),
)('the package that keeps sessions, on %s with %j', (platform, settings: SessionSettings) => {
  const { saveUninitialized, rolling } = settings;
  let http: HttpApp;

  beforeEach(async () => {
    for (const name of Object.keys(runs)) delete runs[name];
    http = await startLayered(platform, [Enter, Pages], [keepsSessions(settings)]);
  });

  afterEach(async () => {
    await http.close();
  });

  async function enter(name: string): Promise<{ headers: { Cookie: string } }> {
    return cookieOf(sessionsOf(await http.ask(`/enter?name=${name}`))[0]!);
  }

  async function ask(path: string, times: number): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let time = 0; time < times; time += 1) answers.push(await http.ask(path));
    return answers;
  }

  it('gives no session of one visitor to another with a page that needs none', async () => {
    const answers = await ask('/page', 4);
    const sessions = answers.flatMap(sessionsOf);

    expect(new Set(sessions).size).toBe(saveUninitialized ? 4 : 0);
    expect(sessions).toHaveLength(saveUninitialized ? 4 : 0);
    expect(answers.filter(({ cache }) => cache === 'HIT')).toHaveLength(saveUninitialized ? 0 : 3);
    expect([runs['page'], http.stored()]).toEqual(saveUninitialized ? [4, 0] : [1, 1]);
  });

  it('gives the session that a handler begins to its visitor, and keeps no page of it', async () => {
    const answers = await ask('/count', 3);
    const sessions = answers.flatMap(sessionsOf);

    expect([sessions.length, new Set(sessions).size]).toEqual([3, 3]);
    expect(answers.map(({ body }) => body)).toEqual([1, 2, 3].map((n) => `{"run":${n},"seen":1}`));
    expect(http.stored()).toBe(0);
    // Each of these sessions is there, and its visitor's own.
    for (const session of sessions) {
      expect((await http.ask('/count', cookieOf(session))).body).toContain('"seen":2');
    }
  });

  it('gives each of 20 visitors who come at once a session of their own', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => http.ask('/count')));
    const sessions = answers.flatMap(sessionsOf);

    expect([sessions.length, new Set(sessions).size]).toEqual([20, 20]);
    expect(answers.map(({ cache }) => cache)).not.toContain('HIT');
    expect([runs['count'], http.stored()]).toEqual([20, 0]);
  });

  it('neither shows nor keeps a shared page for whoever bears a session', async () => {
    const ann = await enter('ann');
    const own = await http.ask('/greeting', ann);
    const stored = http.stored();
    const [strange] = await ask('/greeting', 1);
    const again = await http.ask('/greeting', ann);

    expect([own.cache, own.body]).toEqual(['BYPASS', '{"run":1,"name":"ann"}']);
    expect(stored).toBe(0);
    expect([strange!.cache === 'HIT', strange!.body]).toEqual([false, '{"run":2,"name":"nobody"}']);
    expect([again.cache, again.body]).toEqual(['BYPASS', '{"run":3,"name":"ann"}']);
    expect(sessionsOf(again)).toHaveLength(rolling ? 1 : 0);
    expect(sessionsOf(strange!)).toHaveLength(saveUninitialized ? 1 : 0);
  });

  it('keeps visitors with and without a session apart who come at once', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `visitor${index}`);
    const visitors = await Promise.all(names.map(enter));
    const answers = await Promise.all(
      visitors.flatMap((visitor) => [http.ask('/greeting', visitor), http.ask('/greeting')]),
    );

    for (const [index, name] of names.entries()) {
      expect(answers[2 * index]!.body).toContain(`"name":"${name}"`);
      expect(answers[2 * index + 1]!.body).toContain('"name":"nobody"');
    }
    const sessions = answers.flatMap(sessionsOf);
    expect(new Set(sessions).size).toBe(sessions.length);
  });

  it('is obeyed where the session is unknown or forged: no shared page, none kept', async () => {
    const forged = await http.ask('/page', cookieOf('s%3Aforged.signature'));
    const stored = http.stored();

    expect([forged.status, forged.cache, stored]).toEqual([200, 'BYPASS', 0]);
  });

  it('passes on no session that a guard began for somebody before the page was found', async () => {
    const first = await http.ask('/welcome', { headers: { 'X-Welcome': 'ann' } });
    const stored = http.stored();
    const others = await ask('/welcome', 2);
    const bea = await http.ask('/welcome', { headers: { 'X-Welcome': 'bea' } });
    const last = await http.ask('/welcome');

    expect([sessionsOf(first).length, first.cache === 'HIT', stored]).toEqual([1, false, 0]);
    const sessions = [first, ...others, bea, last].flatMap(sessionsOf);
    expect(new Set(sessions).size).toBe(sessions.length);
    for (const other of [...others, last]) {
      expect(sessionsOf(other)).toHaveLength(saveUninitialized ? 1 : 0);
    }
    expect(last.cache === 'HIT').toBe(!saveUninitialized);
  });
});

describe.each(PLATFORMS)('a session that a guard begins, on %s', (platform) => {
  it('reaches its visitor, who gets no shared page from then on', async () => {
    for (const name of Object.keys(runs)) delete runs[name];
    const http = await startLayered(
      platform,
      [Enter, Pages],
      [keepsSessions({ saveUninitialized: false, rolling: true })],
    );
    await http.ask('/welcome');
    const bea = await http.ask('/welcome', { headers: { 'X-Welcome': 'bea' } });
    const cookie = { Cookie: `${SESSION_COOKIE}=${sessionsOf(bea)[0]}` };
    const greeting = await http.ask('/greeting', { headers: cookie });
    const nobody = await http.ask('/welcome');
    await http.close();

    expect([bea.cache, bea.body]).toEqual(['BYPASS', '{"run":2}']);
    expect(sessionsOf(bea)).toHaveLength(1);
    expect(greeting.body).toContain('"name":"bea"');
    expect([nobody.cache, nobody.body, sessionsOf(nobody)]).toEqual(['HIT', '{"run":1}', []]);
  });
  it('is reason enough to keep no page, even if its cookie is sent by HTTPS only', async () => {
    const http = await startLayered(
      platform,
      [Enter, Pages],
      [keepsSessions({ saveUninitialized: false, rolling: true, secure: true })],
    );
    const answers = [await http.ask('/count'), await http.ask('/count')];
    await http.close();

    expect(answers.flatMap(sessionsOf)).toEqual([]);
    expect(answers.map(({ cache }) => cache)).not.toContain('HIT');
    expect(http.stored()).toBe(0);
  });
});
