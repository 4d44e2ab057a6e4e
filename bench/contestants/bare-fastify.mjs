import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { valuesOf } from '../harness/samples.mjs';

// The very copy that Nest's adapter uses.
const adapter = fileURLToPath(import.meta.resolve('@nestjs/platform-fastify'));
const { fastify } = createRequire(adapter)('fastify');

/** Fastify as it comes, and JSON that has been written beforehand. */
export async function make({ kind }) {
  const texts = valuesOf(kind).map((value) => JSON.stringify(value));
  const app = fastify();
  app.get('/pages/:n', (request, reply) => {
    reply.type('application/json; charset=utf-8').send(texts[request.params.n % texts.length]);
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: app.server.address().port, close: () => app.close() };
}
