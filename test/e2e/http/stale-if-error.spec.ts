import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Catch,
  Controller,
  Get,
  Header,
  HttpException,
  NotFoundException,
  Res,
  ServiceUnavailableException,
  StreamableFile,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import compression from 'compression';
import { Readable } from 'node:stream';
import { catchError, concat, of, throwError, type Observable } from 'rxjs';
import { CachePage } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';
import { gate, moveTime, until, type MovedTime } from './time.js';

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): unknown;
}

class Gone extends Error {}

/** An application's own filter: for one of its errors, an answer that is none of the server's failures. */
@Catch(Gone)
class GoneFilter implements ExceptionFilter {
  catch(_error: Gone, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Reply>().status(410).send({ gone: true });
  }
}

/** Makes something of errors. */
class Degrading implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError(() => of('degraded')));
  }
}

let runs = 0;
/** What the handlers do. */
let act: (reply: Reply) => unknown;

const SIE = { staleIfError: 60 };

@Controller()
class Pages {
  @Get('page')
  @CachePage(10, SIE)
  @Header('X-Page', 'yes')
  page(@Res({ passthrough: true }) reply: Reply): unknown {
    runs += 1;
    return act(reply);
  }

  @Get('own')
  @CachePage(10, SIE)
  @Header('X-Page', 'yes')
  own(@Res() reply: Reply): void {
    runs += 1;
    act(reply);
  }

  @Get('degrading')
  @CachePage(10, SIE)
  @UseInterceptors(Degrading)
  degrading(@Res({ passthrough: true }) reply: Reply): unknown {
    runs += 1;
    return act(reply);
  }

  @Get('by-response')
  @CachePage(10)
  byResponse(@Res({ passthrough: true }) reply: Reply): unknown {
    runs += 1;
    reply.header('Cache-Control', `max-age=10, stale-if-error=60`);
    return act(reply);
  }

  @Get('strict')
  @CachePage(10, { staleIfError: 60, staleWhileRevalidate: 60 })
  strict(@Res({ passthrough: true }) reply: Reply): unknown {
    runs += 1;
    return act(reply);
  }
}

let http: HttpApp;
let time: MovedTime;

beforeEach(() => {
  runs = 0;
  act = () => 'good';
  time = moveTime();
});

afterEach(async () => {
  time.end();
  await http.close();
});

const fail = (error: unknown) => (): never => {
  throw error;
};

describe.each(PLATFORMS)('a page that may be stale if its handler fails, on %s', (platform) => {
  const start = async (configure: (app: INestApplication) => unknown = () => undefined) => {
    http = await startController(platform, Pages, {
      configure: (app) => {
        app.useGlobalFilters(new GoneFilter());
        return configure(app);
      },
    });
  };

  it.each<[string, string, () => unknown]>([
    ['throws 500', '/page', fail(new HttpException('no', 500))],
    ['throws 503', '/page', fail(new ServiceUnavailableException())],
    ['throws any error', '/page', fail(new Error('no database'))],
    ['throws what is no error', '/page', fail('no database')],
    [
      'throws what an upstream server answered',
      '/page',
      fail(Object.assign(new Error(), { status: 404 })),
    ],
    ['gives an Observable that fails', '/page', () => throwError(() => new Error('no'))],
    [
      'gives one that fails after a value',
      '/page',
      () =>
        concat(
          of('half'),
          throwError(() => new Error('no')),
        ),
    ],
    ['throws, where the response allows it', '/by-response', fail(new Error('no'))],
  ])('is sent in place of the failure if it %s', async (_what, path, failing) => {
    await start();
    await http.ask(path);
    act = failing;
    time.at(15);

    const stale = await http.ask(path);

    expect(stale).toMatchObject({ status: 200, cache: 'STALE', body: 'good' });
    expect(stale.headers['age']).toBe('15');
    expect(runs).toBe(2);
  });

  it('is sent if the handler answers 503, with the page’s status, headers and body', async () => {
    await start();
    const good = await http.ask('/page');
    act = (reply) => {
      reply
        .status(503)
        .header('X-Failure', 'yes')
        .header('Content-Type', 'application/problem+json');
      return { status: 503 };
    };
    time.at(15);

    const stale = await http.ask('/page');

    expect(stale).toMatchObject({ status: 200, cache: 'STALE', body: 'good' });
    expect(stale.headers).toMatchObject({ 'x-page': 'yes', 'content-length': '4' });
    expect(stale.headers['content-type']).toBe(good.headers['content-type']);
    expect(stale.headers).not.toHaveProperty('x-failure');
  });

  it.each<[string, (reply: Reply) => unknown]>([
    ['at once', (reply) => reply.status(500).send('bad')],
    ['as a stream', (reply) => reply.status(500).send(Readable.from(['b', 'a', 'd']))],
  ])('is sent if the handler sends 500 itself: %s', async (how, failing) => {
    await start();
    act = (reply) => reply.send('good');
    await http.ask('/own');
    if (platform === 'express' && how === 'as a stream') {
      act = (reply) => {
        reply.status(500);
        Readable.from(['b', 'a', 'd']).pipe(reply as never);
      };
    } else act = failing;
    time.at(15);

    const stale = await http.ask('/own');

    expect(stale).toMatchObject({ status: 200, cache: 'STALE', body: 'good' });
    expect(await http.ask('/own')).toMatchObject({ status: 200, cache: 'STALE', body: 'good' });
  });

  it('is sent if a file is sent with 502', async () => {
    await start();
    await http.ask('/page');
    act = (reply) => {
      reply.status(502);
      return new StreamableFile(Readable.from(['b', 'a', 'd']));
    };
    time.at(15);

    expect(await http.ask('/page')).toMatchObject({ status: 200, cache: 'STALE', body: 'good' });
  });

  it('is no page made anew: the next visitor makes one', async () => {
    await start();
    await http.ask('/page');
    act = fail(new Error('no'));
    time.at(15);
    await http.ask('/page');
    act = () => 'better';

    const better = await http.ask('/page');

    expect(better).toMatchObject({ cache: 'MISS', body: 'better' });
    expect(await http.ask('/page')).toMatchObject({ cache: 'HIT', body: 'better' });
    expect(http.stored()).toBe(2);
  });

  it.each<[string, number, unknown]>([
    ['400', 400, new BadRequestException()],
    ['404', 404, new NotFoundException()],
    ['an error that a filter makes 410 of', 410, new Gone()],
  ])('is not sent for %s, which says something', async (_what, status, error) => {
    await start();
    await http.ask('/page');
    act = fail(error);
    time.at(15);

    expect(await http.ask('/page')).toMatchObject({ status, cache: 'BYPASS' });
  });

  it('is not sent where somebody outside makes an answer of the failure, which is no page', async () => {
    await start();
    await http.ask('/degrading');
    act = fail(new Error('no'));
    time.at(15);

    const answers = [await http.ask('/degrading'), await http.ask('/degrading')];

    expect(answers.map(({ status, cache, body }) => [status, cache, body])).toEqual(
      Array(2).fill([200, 'BYPASS', 'degraded']),
    );
    expect(runs).toBe(3);
  });

  it('is not sent beyond its window, nor if there is none', async () => {
    await start();
    act = fail(new ServiceUnavailableException());
    const none = await http.ask('/page');
    act = () => 'good';
    await http.ask('/page');
    act = fail(new ServiceUnavailableException());
    time.at(71);

    expect([none.status, (await http.ask('/page')).status]).toEqual([503, 503]);
  });

  it('is sent to all who wait for the one that fails', async () => {
    await start();
    await http.ask('/page');
    const { opened, open } = gate();
    act = () => opened.then(fail(new Error('no')));
    time.at(15);

    const answers = Array.from({ length: 20 }, () => http.ask('/page'));
    await until(() => http.asked() === 21 && runs === 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    open();

    expect((await Promise.all(answers)).map(({ cache, body }) => [cache, body])).toEqual(
      Array(20).fill(['STALE', 'good']),
    );
    expect(runs).toBe(2);
  });

  it('is sent to HEAD, and is 304 for who holds it', async () => {
    await start();
    await http.ask('/page');
    const { etag } = (await http.ask('/page')).headers;
    act = fail(new Error('no'));
    time.at(15);

    const head = await http.ask('/page', { method: 'HEAD' });
    const held = await http.ask('/page', { headers: { 'If-None-Match': etag! } });

    expect(head).toMatchObject({ status: 200, cache: 'STALE', body: '' });
    expect(head.headers['content-length']).toBe('4');
    expect(held).toMatchObject({ status: 304, cache: 'STALE', body: '' });
  });

  it('leaves the failure in the log', async () => {
    await start();
    await http.ask('/page');
    act = fail(new Error('no database today'));
    time.at(15);

    await http.ask('/page');

    expect(http.log.errors()).toContainEqual(expect.stringContaining('no database today'));
  });

  it.each(['must-revalidate', 'proxy-revalidate', 's-maxage=10'])(
    'is never sent if it says %s [V7]',
    async (directive) => {
      await start();
      act = (reply) => {
        reply.header('Cache-Control', `max-age=10, ${directive}`);
        return 'good';
      };
      await http.ask('/strict');
      act = fail(new ServiceUnavailableException());
      time.at(15);

      expect(await http.ask('/strict')).toMatchObject({ status: 503 });
      expect(runs).toBe(2);
    },
  );
});

describe('a stale page behind compression, on express', () => {
  it('is compressed as the request has it', async () => {
    http = await startController('express', Pages, {
      configure: (app) => {
        app.use(compression({ threshold: 0 }));
      },
    });
    const asking = { headers: { 'Accept-Encoding': 'gzip' } };
    await http.ask('/page', asking);
    act = fail(new Error('no'));
    time.at(15);

    const stale = await http.ask('/page', asking);

    expect(stale).toMatchObject({ status: 200, cache: 'STALE' });
    expect(stale.headers['content-encoding']).toBe('gzip');
  });
});
