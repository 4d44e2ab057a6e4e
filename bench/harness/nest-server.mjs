import 'reflect-metadata';
import { Controller, Get, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { valuesOf } from './samples.mjs';

const HOST = '127.0.0.1';

const ADAPTERS = {
  express: async () => new (await import('@nestjs/platform-express')).ExpressAdapter(),
  fastify: async () => new (await import('@nestjs/platform-fastify')).FastifyAdapter(),
};

/**
 * An application of Nest with one route, `/pages/:n`, whose handler returns an object that is there already.
 *
 * @param decorators What stands on the controller, besides `@Controller()`.
 * @returns { port, handled(), close() }; `handled` tells how often the handler ran.
 */
export async function nestServer({ platform, kind, imports = [], decorators = [] }) {
  const values = valuesOf(kind);
  let handled = 0;

  class Pages {
    page(n) {
      handled += 1;
      return values[n % values.length];
    }
  }
  const handler = Object.getOwnPropertyDescriptor(Pages.prototype, 'page');
  Get(':n')(Pages.prototype, 'page', handler);
  Param('n')(Pages.prototype, 'page', 0);
  for (const decorate of [Controller('pages'), ...decorators]) decorate(Pages);

  class Root {}
  Module({ imports, controllers: [Pages] })(Root);

  const adapter = await ADAPTERS[platform]();
  const app = await NestFactory.create(Root, adapter, { logger: false, abortOnError: false });
  await app.listen(0, HOST);
  const { port } = app.getHttpServer().address();
  return { port, handled: () => handled, close: () => app.close() };
}
