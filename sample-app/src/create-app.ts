import { fileURLToPath } from 'node:url';
import { NestFactory } from '@nestjs/core';
import type { NestApplicationOptions } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { serverTiming } from './common/server-timing.js';

// Beside `src` and beside `dist`, so the same path serves the sources and the compiled application.
const PUBLIC = fileURLToPath(new URL('../public', import.meta.url));

// The page loads nothing from anywhere else, and the browser is told to hold it to that.
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** The whole application, not yet listening: `main.ts` starts it, the tests do so too. */
export async function createApp(options: NestApplicationOptions = {}) {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, options);
  app.use(serverTiming);
  app.useStaticAssets(PUBLIC, {
    setHeaders: (response) => {
      response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
      response.setHeader('X-Content-Type-Options', 'nosniff');
    },
  });
  // On SIGTERM Nest closes the application, and CacheModule closes its sockets and files with it.
  app.enableShutdownHooks();
  return app;
}
