import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UseInterceptors, type Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { CacheInterceptor, CacheModule, type CacheModuleOptions } from 'nestjs-cache-framework';
import { LogLines, type Platform } from '../http/http-app.js';
import { GatewayController, ORIGIN_PORT } from './gateway.controller.js';
import { OriginController } from './origin.controller.js';
import { startSuiteServer } from './suite-server.js';

/** `gateway`: the cache stands in a proxy in front of the suite's server. `origin`: the suite's server is its handler. */
export const MODES = ['gateway', 'origin'] as const;

export type Mode = (typeof MODES)[number];

/** An application that the suite's client may ask, on a loopback port. */
export interface SuiteApp {
  readonly port: number;
  readonly log: LogLines;
  close(): Promise<void>;
}

export interface SuiteAppOptions {
  readonly platform: Platform;
  readonly mode: Mode;
  /** Options of `CacheModule`; undefined: nothing is cached. */
  readonly cache?: CacheModuleOptions | undefined;
}

@UseInterceptors(CacheInterceptor)
class CachedGatewayController extends GatewayController {}

@UseInterceptors(CacheInterceptor)
class CachedOriginController extends OriginController {}

const CONTROLLERS: Record<Mode, { cached: Type; plain: Type }> = {
  gateway: { cached: CachedGatewayController, plain: GatewayController },
  origin: { cached: CachedOriginController, plain: OriginController },
};

export async function startSuiteApp({ platform, mode, cache }: SuiteAppOptions): Promise<SuiteApp> {
  const origin = await startSuiteServer();
  const log = new LogLines();
  const { cached, plain } = CONTROLLERS[mode];
  const module = await Test.createTestingModule({
    imports: cache ? [CacheModule.forRoot(cache)] : [],
    controllers: [cache ? cached : plain],
    providers: [{ provide: ORIGIN_PORT, useValue: origin.port }],
  }).compile();
  const adapter = platform === 'express' ? new ExpressAdapter() : openFastify();
  // A proxy reads no bodies.
  const app = module.createNestApplication(adapter as never, { bodyParser: false, logger: log });
  const server = app.getHttpServer() as Server;
  // The suite pauses for longer than an idle connection is kept, and a request that meets its end is no finding.
  server.keepAliveTimeout = 60_000;
  await app.listen(0, '127.0.0.1');
  return {
    port: (server.address() as AddressInfo).port,
    log,
    close: async () => {
      await app.close();
      await origin.close();
    },
  };
}

/** Takes whatever method and content type the suite sends. */
function openFastify(): FastifyAdapter {
  const adapter = new FastifyAdapter();
  const fastify = adapter.getInstance();
  fastify.addHttpMethod('M-SEARCH', { hasBody: true });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
  return adapter;
}
