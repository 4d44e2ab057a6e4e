import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { valuesOf } from '../harness/samples.mjs';

// The very copy that Nest's adapter uses.
const adapter = fileURLToPath(import.meta.resolve('@nestjs/platform-express'));
const express = createRequire(adapter)('express');

/** Express as it comes, its ETag included, and JSON that has been written beforehand. */
export async function make({ kind }) {
  const texts = valuesOf(kind).map((value) => JSON.stringify(value));
  const app = express();
  app.get('/pages/:n', (request, response) => {
    response.type('json').send(texts[request.params.n % texts.length]);
  });
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  return {
    port: server.address().port,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  };
}
