import { UseInterceptors } from '@nestjs/common';
import { of } from 'rxjs';
import { nestServer } from '../harness/nest-server.mjs';
import { valuesOf } from '../harness/samples.mjs';

/**
 * The least that an interceptor can do for a hit: it sends bytes that are there already, and keeps Nest from answering a
 * second time. No key, no look at the request, no cache.
 */
export async function make({ kind, options: { platform } }) {
  const bodies = valuesOf(kind).map((value) => Buffer.from(JSON.stringify(value)));
  const answerer = {
    intercept(context) {
      const request = context.getArgByIndex(0);
      const response = context.getArgByIndex(1);
      const raw = response.raw ?? response;
      const body = bodies[request.params.n % bodies.length];
      response.hijack?.();
      raw.writeHead(200, [
        'Content-Type',
        'application/json; charset=utf-8',
        'Content-Length',
        String(body.length),
      ]);
      raw.end(body);
      response.send = answered;
      return of(undefined);
    },
  };
  const { port, close } = await nestServer({
    platform,
    kind,
    decorators: [UseInterceptors(answerer)],
  });
  return { port, close };
}

function answered() {
  return this;
}
