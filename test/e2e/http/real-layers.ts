import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { INestApplication, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import fastifyCompress from '@fastify/compress';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import compression from 'compression';
import expressSession from 'express-session';
import type { CacheModuleOptions } from 'nestjs-cache-framework';
import { startApp, type Answer, type HttpApp, type Platform } from './http-app.js';

/** What `cors` and `@fastify/cors` are told alike. */
export type CorsOptions = Exclude<Parameters<INestApplication['enableCors']>[0], undefined>;

/** Puts one package in front of the interceptor. */
export type Layer = (app: INestApplication, platform: Platform) => unknown;

export interface SessionSettings {
  readonly saveUninitialized: boolean;
  readonly rolling: boolean;
  /** True: cookies are sent by HTTPS only, so none is sent here. Default: false. */
  readonly secure?: boolean;
}

/** The name of the session's cookie in every application of these tests. */
export const SESSION_COOKIE = 'sid';

const SECRET = 'a secret of these tests that is long enough';

/** `compression` on Express, `@fastify/compress` on Fastify, with their own settings: from 1 KiB on. */
export const compresses: Layer = async (app, platform) => {
  if (platform === 'express') app.use(compression());
  else await (app as NestFastifyApplication).register(fastifyCompress);
};

/** `express-session` on Express, `@fastify/session` on Fastify. */
export function keepsSessions({ secure = false, ...settings }: SessionSettings): Layer {
  return async (app, platform) => {
    if (platform === 'express') {
      app.use(
        expressSession({
          ...settings,
          resave: false,
          secret: SECRET,
          name: SESSION_COOKIE,
          cookie: { secure },
        }),
      );
      return;
    }
    const fastify = app as NestFastifyApplication;
    await fastify.register(fastifyCookie);
    await fastify.register(fastifySession, {
      ...settings,
      secret: SECRET,
      cookieName: SESSION_COOKIE,
      cookie: { secure },
    });
  };
}

/** `cors` on Express, `@fastify/cors` on Fastify. */
export function allowsOrigins(options: CorsOptions): Layer {
  return (app) => {
    app.enableCors(options);
  };
}

/** Starts controllers behind these layers, the first outermost. @param cache Default: one memory cache. */
export function startLayered(
  platform: Platform,
  controllers: Type<unknown>[],
  layers: readonly Layer[],
  cache?: CacheModuleOptions,
): Promise<HttpApp> {
  return startApp(platform, {
    controllers,
    ...(cache === undefined ? {} : { cache }),
    configure: async (app) => {
      for (const layer of layers) await layer(app, platform);
    },
  });
}

/** The body as a client reads that knows the encodings. */
export function decoded({ headers, bytes }: Answer): string {
  switch (headers['content-encoding']) {
    case 'gzip':
      return gunzipSync(bytes).toString();
    case 'br':
      return brotliDecompressSync(bytes).toString();
    case 'deflate':
      return inflateSync(bytes).toString();
    default:
      return bytes.toString();
  }
}

/** The names that `Vary` lists, in lower case and in order. */
export function variesOn({ headers }: Answer): string[] {
  const names = (headers.vary ?? '').split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '').toSorted();
}

/** The values of the session cookies that an answer sets. */
export function sessionsOf({ headers }: Answer): string[] {
  const prefix = `${SESSION_COOKIE}=`;
  return (headers['set-cookie'] ?? [])
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length).split(';')[0]!);
}
