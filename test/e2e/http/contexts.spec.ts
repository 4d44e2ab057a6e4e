import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseInterceptors, type ExecutionContext } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { lastValueFrom, of } from 'rxjs';
import { CacheInterceptor, CacheKey, CacheTTL, NeverCache } from 'nestjs-cache-framework';
import { startApp, type HttpApp } from './http-app.js';

let runs = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
class Handlers {
  @Get('page')
  @CacheKey('page')
  @CacheTTL(60)
  page(id: number): object {
    return { id, run: ++runs };
  }

  @NeverCache()
  @Get('never')
  never(): object {
    return { run: ++runs };
  }
}

let http: HttpApp;

beforeEach(async () => {
  runs = 0;
  http = await startApp('express', { controllers: [Handlers], providers: [CacheInterceptor] });
});

afterEach(async () => {
  await http.close();
});

/** Runs a handler as GraphQL, microservices and gateways do: with guards and interceptors, and without a request. */
function handler(name: 'page' | 'never', context: string): (id: number) => Promise<unknown> {
  const owner = http.app.get(Handlers);
  const creator = http.app.get(ExternalContextCreator);
  return creator.create(
    owner,
    owner[name] as (...args: unknown[]) => unknown,
    name,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    context,
  ) as (id: number) => Promise<unknown>;
}

describe.each(['rpc', 'ws', 'graphql'])('in the context "%s"', (context) => {
  it('every call runs the handler with what it was given [W19 W20 W21]', async () => {
    const call = handler('page', context);

    expect(await call(1)).toEqual({ id: 1, run: 1 });
    expect(await call(2)).toEqual({ id: 2, run: 2 });
    expect(await call(1)).toEqual({ id: 1, run: 3 });
  });

  it('@NeverCache() disturbs nothing', async () => {
    expect(await handler('never', context)(1)).toEqual({ run: 1 });
  });
});

describe('in the context "http" of no framework', () => {
  it.each([
    ['nothing', [undefined, undefined]],
    ['a GraphQL root and its arguments', [{}, { id: 1 }]],
    [
      'a request whose answer is on its way',
      [{ rawHeaders: [] }, { headersSent: true, writeHead() {}, end() {} }],
    ],
  ])('every call passes: %s [W19]', async (_what, args) => {
    const interceptor = http.app.get(CacheInterceptor);
    const context = {
      getType: () => 'http',
      getArgByIndex: (index: number) => args[index],
      getClass: () => Handlers,
      getHandler: () => Handlers.prototype.page.bind(null),
    } as unknown as ExecutionContext;

    const answer = await interceptor.intercept(context, { handle: () => of('value') });

    expect(await lastValueFrom(answer)).toBe('value');
  });
});
