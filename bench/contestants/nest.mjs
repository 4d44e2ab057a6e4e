import { nestServer } from '../harness/nest-server.mjs';

/** No cache: a handler that has nothing to do. options.platform: `express` or `fastify`. */
export async function make({ kind, options: { platform } }) {
  const { port, close } = await nestServer({ platform, kind });
  return { port, close };
}
