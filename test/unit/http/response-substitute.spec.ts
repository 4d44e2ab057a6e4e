import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { ResponseRecorder } from '../../../lib/http/response-recorder.js';

interface Outcome {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly body: string;
  /** What the observer was asked and told. */
  readonly told: unknown[];
}

let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
});

/** A response of which a failure is replaced by a page. */
async function answer(
  handler: (response: ServerResponse) => unknown,
  body: Buffer | null = Buffer.from('page'),
  layers: (response: ServerResponse) => void = () => undefined,
): Promise<Outcome> {
  const told: unknown[] = [];
  const over = new Promise<void>((resolve) => {
    server = createServer((_request, response) => {
      layers(response);
      void new ResponseRecorder(
        response,
        {
          substitute: (status) => {
            told.push(status);
            if (status < 500) return undefined;
            for (const name of response.getHeaderNames()) response.removeHeader(name);
            response.setHeader('X-Page', 'yes');
            return { status: 203, body: body ?? undefined };
          },
          beforeHead: ({ status }) => {
            told.push('head');
            return status;
          },
          finished: () => told.push('finished'),
          over: () => {
            told.push('over');
            resolve();
          },
        },
        1000,
      );
      void handler(response);
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const { port } = server!.address() as AddressInfo;
  const got = await fetch(`http://127.0.0.1:${port}/`);
  const text = await got.text();
  await over;
  const { status, statusText, headers } = got;
  return { status, statusText, headers, body: text, told };
}

function failAtOnce(response: ServerResponse): void {
  response.statusCode = 500;
  response.end('bad');
}

describe('an answer in place of which something else is sent', () => {
  it.each<[string, (response: ServerResponse) => unknown]>([
    ['one end()', failAtOnce],
    [
      'writeHead() with headers',
      (response) => response.writeHead(500, { 'X-Bad': 'yes', 'Content-Length': 3 }).end('bad'),
    ],
    ['writeHead() with a reason', (response) => response.writeHead(503, 'Too Bad').end('bad')],
    [
      'parts',
      (response) => {
        response.statusCode = 502;
        response.statusMessage = 'Too Bad';
        response.write('b');
        response.write('a');
        response.end('d');
      },
    ],
    [
      'a stream',
      (response) => {
        response.statusCode = 500;
        response.setHeader('X-Bad', 'yes');
        Readable.from(['b', 'a', 'd']).pipe(response);
      },
    ],
    [
      'flushed headers',
      (response) => {
        response.statusCode = 500;
        response.flushHeaders();
        response.end('bad');
      },
    ],
  ])('may be written as %s', async (_how, handler) => {
    const outcome = await answer(handler);

    expect(outcome).toMatchObject({
      status: 203,
      statusText: 'Non-Authoritative Information',
      body: 'page',
    });
    expect(outcome.headers.get('x-page')).toBe('yes');
    expect(outcome.headers.get('x-bad')).toBeNull();
    expect(outcome.told.slice(1)).toEqual(['over']);
  });

  it('has its callbacks called, as if it had been sent', async () => {
    const called: string[] = [];
    await answer(async (response) => {
      response.statusCode = 500;
      await new Promise<void>((resolve) => response.write('b', () => resolve()));
      called.push('write');
      response.end('ad', () => called.push('end'));
    });

    expect(called).toEqual(['write', 'end']);
  });

  it('may have no body in its place', async () => {
    const outcome = await answer((response) => response.writeHead(500).end('bad'), null);

    expect(outcome).toMatchObject({ status: 203, body: '' });
  });

  it('is left alone if nothing is to be sent in its place', async () => {
    const outcome = await answer((response) => response.writeHead(404).end('none'));

    expect(outcome).toMatchObject({ status: 404, body: 'none' });
    expect(outcome.told).toEqual([404, 'head', 'finished', 'over']);
  });

  it('is left alone once its head is on the way', async () => {
    const outcome = await answer((response) => {
      response.write('good');
      response.statusCode = 500;
      response.end(' and bad');
    });

    expect(outcome).toMatchObject({ status: 200, body: 'good and bad' });
    expect(outcome.told).toEqual([200, 'head', 'finished', 'over']);
  });

  it('passes through the layers within', async () => {
    const outcome = await answer(failAtOnce, undefined, (response) => {
      const { end } = response as unknown as Record<string, (...args: unknown[]) => unknown>;
      Object.assign(response, {
        end: (body: Buffer) => end!.call(response, `[${body.toString()}]`),
      });
    });

    expect(outcome).toMatchObject({ status: 203, body: '[page]' });
  });
});
