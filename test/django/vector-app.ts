import { Readable } from 'node:stream';
import { jest } from '@jest/globals';
import {
  All,
  Controller,
  Res,
  StreamableFile,
  UseInterceptors,
  applyDecorators,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import {
  CacheInterceptor,
  CachePage,
  NeverCache,
  VaryOnCookie,
  setResponseETag,
  type CacheModuleOptions,
} from 'nestjs-cache-framework';
import { startApp, type Answer, type Platform } from '../e2e/http/http-app.js';
import { hostOf, type Exchange, type Scenario, type VectorRequest } from './vector-pages.js';

/** A response of Express, or a reply of Fastify. */
interface Reply {
  status(status: number): unknown;
  header(name: string, value: string): unknown;
}

/** When the vectors were made, in milliseconds since the epoch. */
const START = 1_700_000_000_000;

/**
 * What an application with the interceptor answers, asked over HTTP: the middleware for the whole site is `http.timeout` with a
 * global interceptor, and `cache_page` is `@CachePage()`. Browsers are told what Django tells them.
 */
export async function runExchanges(platform: Platform, scenario: Scenario): Promise<Exchange[]> {
  let now = START;
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now);
  const http = await startApp(platform, {
    cache: settingsOf(scenario),
    // Nest leaves out the slash at the end of a route; Express passes over it in any case.
    fastify: { routerOptions: { ignoreTrailingSlash: true } },
    controllers: [viewOf(scenario)],
    providers:
      scenario.mode === 'cache_page'
        ? []
        : [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
  });
  try {
    const exchanges: Exchange[] = [];
    for (const request of scenario.requests) {
      now += (request.advance ?? 0) * 1000;
      const { method, path } = request;
      const answer = await http.ask(path, { method, headers: headersOf(request) });
      exchanges.push(exchangeOf(answer, now));
    }
    return exchanges;
  } finally {
    await http.close();
    clock.mockRestore();
  }
}

function settingsOf({ settings, cache_page: page }: Scenario): CacheModuleOptions {
  const { CACHE_MIDDLEWARE_SECONDS: timeout } = settings;
  const other = page?.cache === undefined ? {} : { [page.cache]: {} };
  return {
    caches: { default: {}, ...other },
    http: { browserMaxAge: 'same', timeout },
  };
}

/** The view of the vectors as a controller, which answers how often it was called. */
function viewOf(scenario: Scenario): new () => object {
  const answers = [scenario.view_response].flat();
  const paths = scenario.requests.map(({ path }) => path.replace(/\?.*$/, ''));
  let calls = 0;

  @Controller()
  class View {
    @All([...new Set(paths)])
    @decorated(scenario)
    view(@Res({ passthrough: true }) reply: Reply): string | StreamableFile {
      calls += 1;
      const body = `call-${calls}`;
      const answer = answers[Math.min(calls, answers.length) - 1]!;
      reply.status(answer.status ?? 200);
      for (const [name, value] of Object.entries(answer.headers ?? {})) reply.header(name, value);
      for (const [name, value] of Object.entries(answer.set_cookie ?? {})) {
        reply.header('Set-Cookie', `${name}=${value}`);
      }
      if (scenario.middleware_between?.includes('ConditionalGetMiddleware')) {
        const response = { getHeader: () => undefined, setHeader: reply.header.bind(reply) };
        setResponseETag(response, body);
      }
      return answer.streaming ? new StreamableFile(Readable.from([Buffer.from(body)])) : body;
    }
  }
  return View;
}

/** In Django no timeout is the one of the response or of the settings; here null would be for ever. */
function cachePage({ timeout, cache }: NonNullable<Scenario['cache_page']>): MethodDecorator {
  if (timeout === null) return UseInterceptors(CacheInterceptor);
  return CachePage(timeout, cache === undefined ? {} : { cache });
}

function decorated(scenario: Scenario): MethodDecorator {
  const { cache_page: page, view_decorators: names = [], requests } = scenario;
  const cookies = requests.flatMap((request) => Object.keys(request.cookies ?? {}));
  const known: Readonly<Record<string, () => MethodDecorator>> = {
    never_cache: NeverCache,
    // Here the cookies are named that Django would take all.
    vary_on_cookie: () => VaryOnCookie(...new Set(cookies)),
  };
  return applyDecorators(
    ...(page ? [cachePage(page)] : []),
    ...names.map((name) => {
      const decorator = known[name];
      if (decorator) return decorator();
      throw new Error(`The vectors have a decorator that is not known here: ${name}.`);
    }),
  );
}

function headersOf(request: VectorRequest): Record<string, string> {
  const cookies = Object.entries(request.cookies ?? {}).map(([name, value]) => `${name}=${value}`);
  return {
    Host: hostOf(request),
    ...request.headers,
    ...(cookies.length > 0 ? { Cookie: cookies.join('; ') } : {}),
  };
}

function exchangeOf({ status, headers, cache, body }: Answer, now: number): Exchange {
  const { expires, age } = headers;
  return {
    from_cache: cache === 'HIT',
    status,
    cache_control: headers['cache-control'] ?? null,
    vary: headers.vary ?? null,
    expires_minus_now: expires === undefined ? null : (Date.parse(expires) - now) / 1000,
    age,
    body,
  };
}
