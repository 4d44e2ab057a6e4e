import { jest } from '@jest/globals';
import { request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication, LoggerService, ModuleMetadata, Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  CacheModule,
  type CacheModuleOptions,
  CacheRegistry,
  CacheService,
} from 'nestjs-cache-framework';

/** The two frameworks that Nest stands on. */
export const PLATFORMS = ['express', 'fastify'] as const;

export type Platform = (typeof PLATFORMS)[number];

/** What a raw client saw. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly bytes: Buffer;
  /** The `X-Cache` header. */
  readonly cache: string | undefined;
  /** The port that the client asked from, which no other client has meanwhile. */
  readonly from: number;
}

export interface Asking {
  readonly method?: string;
  /** Names and values; a list is sent as a line each. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  /** The client hangs up as soon as the first bytes of the body are there, and gets an error for it. */
  readonly leaves?: boolean;
}

/** A Nest application on a loopback port, spoken to by a client that adds nothing to what it is told to send. */
export interface HttpApp {
  readonly app: INestApplication;
  readonly cache: CacheService;
  /** The cache that keeps the pages. */
  readonly pages: CacheService;
  readonly log: LogLines;
  readonly port: number;
  ask(path: string, asking?: Asking): Promise<Answer>;
  /** How many requests have reached it so far. */
  asked(): number;
  /** How many pages, and lists of the variants of one, have been stored so far. */
  stored(): number;
  close(): Promise<void>;
}

export interface HttpAppOptions extends ModuleMetadata {
  /** Options of `CacheModule`. Default: one memory cache. */
  readonly cache?: CacheModuleOptions;
  /** Runs before the application listens. */
  readonly configure?: (app: INestApplication) => unknown;
  /** What Fastify is told when it is made. */
  readonly fastify?: ConstructorParameters<typeof FastifyAdapter>[0];
}

/** Keeps what the application logs. */
export class LogLines implements LoggerService {
  readonly lines: { level: string; message: string; context: unknown }[] = [];

  log(message: unknown, context?: unknown): void {
    this.lines.push({ level: 'log', message: String(message), context });
  }

  warn(message: unknown, context?: unknown): void {
    this.lines.push({ level: 'warn', message: String(message), context });
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.lines.push({ level: 'error', message: String(message), context: rest.at(-1) });
  }

  /** The messages of the interceptor. */
  said(): string[] {
    return this.lines
      .filter(({ context }) => context === 'CacheInterceptor')
      .map(({ message }) => message);
  }

  errors(): string[] {
    return this.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
  }
}

/** Starts an application with `CacheModule` and the given controllers. */
export async function startApp(platform: Platform, options: HttpAppOptions): Promise<HttpApp> {
  const { cache, configure, fastify, imports = [], ...metadata } = options;
  const log = new LogLines();
  const module = await Test.createTestingModule({
    ...metadata,
    imports: [CacheModule.forRoot(cache), ...imports],
  }).compile();
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter(fastify);
  const app = module.createNestApplication(adapter as never);
  app.useLogger(log);
  await configure?.(app);
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer() as Server;
  const { port } = server.address() as AddressInfo;
  let asked = 0;
  server.on('request', () => {
    asked += 1;
  });
  const registry = app.get(CacheRegistry);
  const pages = registry.get(
    options.cache?.http?.cache ?? (registry.has('pages') ? 'pages' : 'default'),
  );
  return {
    app,
    cache: app.get(CacheService),
    pages,
    asked: () => asked,
    stored: countStored(pages),
    log,
    port,
    ask: (path, asking) => ask(port, path, asking),
    close: () => app.close(),
  };
}

function countStored(pages: CacheService): () => number {
  const set = pages.set.bind(pages);
  let count = 0;
  pages.set = async (...args) => {
    const isStored = await set(...args);
    if (isStored) count += 1;
    return isStored;
  };
  return () => count;
}

/** One controller's application. */
export function startController(
  platform: Platform,
  controller: Type<unknown>,
  options: HttpAppOptions = {},
): Promise<HttpApp> {
  return startApp(platform, { ...options, controllers: [controller] });
}

function ask(port: number, path: string, asking: Asking = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, leaves = false } = asking;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path, method, headers, agent: false },
      (response) => {
        const from = response.socket.localPort ?? 0;
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          if (leaves) request.destroy(new Error('The client has left.'));
        });
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body: bytes.toString(),
            bytes,
            cache: response.headers['x-cache'] as string | undefined,
            from,
          });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** The `X-Cache` of an answer at each of these moments, in seconds from now. */
export async function cachesAt(
  http: HttpApp,
  path: string,
  seconds: readonly number[],
): Promise<(string | undefined)[]> {
  const start = Date.now();
  const now = jest.spyOn(Date, 'now');
  const caches: (string | undefined)[] = [];
  for (const second of seconds) {
    now.mockReturnValue(start + second * 1000);
    caches.push((await http.ask(path)).cache);
  }
  now.mockRestore();
  return caches;
}

/** The `X-Cache` of an answer at each of these paths, asked for one after the other. */
export async function cachesOf(
  http: HttpApp,
  paths: readonly string[],
): Promise<(string | undefined)[]> {
  const caches: (string | undefined)[] = [];
  for (const path of paths) caches.push((await http.ask(path)).cache);
  return caches;
}
