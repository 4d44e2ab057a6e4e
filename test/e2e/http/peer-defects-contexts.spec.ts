import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Injectable, Req, UseInterceptors } from '@nestjs/common';
import { APP_INTERCEPTOR, ExternalContextCreator } from '@nestjs/core';
import { CacheInterceptor, CacheKey, CacheTTL } from 'nestjs-cache-framework';
import { PLATFORMS, startApp, type HttpApp } from './http-app.js';

type Call = (...args: unknown[]) => Promise<unknown>;

let runs = 0;

/** A handler that is not called by a framework of HTTP. */
@Injectable()
class Handlers {
  plain(_root: unknown, args: object): object {
    return { args, run: ++runs };
  }

  @CacheKey('keyed')
  @CacheTTL(60)
  @UseInterceptors(CacheInterceptor)
  keyed(_root: unknown, args: object): object {
    return { args, run: ++runs };
  }
}

/** Calls handlers within a request as GraphQL does: by Nest's own creator, guards and interceptors included. */
@Controller()
class Endpoint {
  readonly #creator: ExternalContextCreator;
  readonly #handlers: Handlers;

  constructor(
    @Inject(ExternalContextCreator) creator: ExternalContextCreator,
    @Inject(Handlers) handlers: Handlers,
  ) {
    this.#creator = creator;
    this.#handlers = handlers;
  }

  @Get('call/:context/:name/:id')
  async call(
    @Req()
    request: {
      params: { context: string; name: 'plain' | 'keyed'; id: string };
    },
  ): Promise<unknown> {
    const { context, name, id } = request.params;
    const call = this.#creator.create(
      this.#handlers,
      this.#handlers[name] as Call,
      name,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      context,
    ) as Call;
    return call(undefined, { id }, { req: request }, { fieldName: name });
  }
}

let http: HttpApp;

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('under a global interceptor, on %s', (platform) => {
  beforeEach(async () => {
    http = await startApp(platform, {
      controllers: [Endpoint],
      providers: [
        Handlers,
        CacheInterceptor,
        { provide: APP_INTERCEPTOR, useClass: CacheInterceptor },
      ],
    });
  });

  it.each([
    ['W19', 'graphql', 'plain'],
    ['W19', 'graphql', 'keyed'],
    ['W20', 'rpc', 'plain'],
    ['W20', 'rpc', 'keyed'],
    ['W20', 'ws', 'plain'],
    ['W20', 'ws', 'keyed'],
  ])(
    '%s: a handler in the context "%s" answers every call, and no call sees an HTTP header: %s',
    async (_number, context, name) => {
      const answers = [];
      for (let call = 1; call <= 3; call += 1) {
        answers.push(await http.ask(`/call/${context}/${name}/1`));
      }

      expect(answers.map(({ status, body, cache }) => [status, body, cache])).toEqual([
        [200, '{"args":{"id":"1"},"run":1}', undefined],
        [200, '{"args":{"id":"1"},"run":2}', undefined],
        [200, '{"args":{"id":"1"},"run":3}', undefined],
      ]);
      expect(http.log.errors()).toEqual([]);
    },
  );

  it('W21: no message is answered with what another message with other data got', async () => {
    const answers = [await http.ask('/call/rpc/keyed/1'), await http.ask('/call/rpc/keyed/2')];

    expect(answers.map(({ body }) => body)).toEqual([
      '{"args":{"id":"1"},"run":1}',
      '{"args":{"id":"2"},"run":2}',
    ]);
  });
});
