import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ResponseRecorder,
  type OutgoingHead,
  type Recording,
} from '../../../lib/http/response-recorder.js';

/** What a recorder told, and what the client got. */
interface Outcome {
  readonly heads: OutgoingHead[];
  readonly recordings: Recording[];
  readonly tooLarge: number;
  readonly overs: number;
  readonly status: number | undefined;
  readonly headers: Headers | undefined;
  readonly body: string | undefined;
}

interface Setting {
  /** Layers that wrapped the response before the recorder came. */
  readonly layers?: (response: ServerResponse) => void;
  readonly beforeHead?: (head: OutgoingHead, response: ServerResponse) => number;
  readonly maxBodyBytes?: number;
  readonly cancels?: boolean;
}

let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

async function record(
  handler: (response: ServerResponse) => unknown,
  { layers, beforeHead, maxBodyBytes = 1000, cancels }: Setting = {},
): Promise<Outcome> {
  const told = {
    heads: [] as OutgoingHead[],
    recordings: [] as Recording[],
    tooLarge: 0,
    overs: 0,
  };
  const over = new Promise<void>((resolve) => {
    server = createServer((_request, response) => {
      layers?.(response);
      const recorder = new ResponseRecorder(
        response,
        {
          beforeHead: (head) => {
            told.heads.push(head);
            return beforeHead?.(head, response) ?? head.status;
          },
          finished: (recording) => told.recordings.push(recording),
          tooLarge: () => (told.tooLarge += 1),
          over: () => {
            told.overs += 1;
            resolve();
          },
        },
        maxBodyBytes,
      );
      if (cancels) recorder.cancel();
      void handler(response);
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const { port } = server!.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
  const body = await answer?.text().catch(() => undefined);
  await over;
  return { ...told, status: answer?.status, headers: answer?.headers, body };
}

/** A layer as compression and session middleware have it: changes the head at the last moment. */
function onHead(response: ServerResponse, change: (response: ServerResponse) => void): void {
  const { writeHead } = response as unknown as Record<string, (...args: unknown[]) => unknown>;
  Object.assign(response, {
    writeHead: (...args: unknown[]) => {
      change(response);
      return writeHead!.apply(response, args);
    },
  });
}

describe('ResponseRecorder', () => {
  it('records status, headers and body of one end()', async () => {
    const outcome = await record((response) => {
      response.statusCode = 203;
      response.setHeader('X-A', '1');
      response.end('page');
    });

    expect(outcome.recordings).toHaveLength(1);
    const [recording] = outcome.recordings;
    expect(recording).toMatchObject({ status: 203, fields: [['X-A', '1']] });
    expect(recording!.body.toString()).toBe('page');
    expect(recording!.lines.get('content-length')).toEqual(['4']);
    expect(outcome).toMatchObject({ status: 203, body: 'page', overs: 1, tooLarge: 0 });
  });

  it('records text in any encoding, bytes, and what is written in parts', async () => {
    const outcome = await record((response) => {
      response.write('é', 'latin1');
      response.write(Buffer.from('a'));
      response.write(new Uint8Array([98]));
      response.end('63', 'hex');
    });

    expect(outcome.recordings[0]!.body).toEqual(Buffer.from([0xe9, 97, 98, 99]));
  });

  it('records what was written, not what became of the memory afterwards', async () => {
    const outcome = await record(async (response) => {
      const memory = Buffer.from('one ');
      await new Promise<void>((resolve) => response.write(memory, () => resolve()));
      memory.write('two ');
      response.end(memory);
    });

    expect(outcome.recordings[0]!.body.toString()).toBe('one two ');
  });

  it.each([
    [
      'an object',
      { 'X-A': 'a', 'X-B': ['b', 'c'] },
      [
        ['X-A', 'a'],
        ['X-B', ['b', 'c']],
      ],
    ],
    [
      'a list',
      ['X-A', 'a', 'X-B', 'b', 'X-B', 'c'],
      [
        ['X-A', 'a'],
        ['X-B', ['b', 'c']],
      ],
    ],
  ])('sees the headers that writeHead() was given as %s', async (_as, headers, fields) => {
    const outcome = await record((response) => {
      response.setHeader('X-A', 'old');
      response.writeHead(200, headers as never);
      response.end('page');
    });

    expect(outcome.recordings[0]!.fields).toEqual(fields);
    expect(outcome.headers!.get('x-a')).toBe('a');
    expect(outcome.headers!.get('x-b')).toBe('b, c');
  });

  it('passes a reason phrase on', async () => {
    const outcome = await record((response) => response.writeHead(200, 'Fine').end());

    expect(outcome.status).toBe(200);
    expect(outcome.recordings[0]).toMatchObject({ status: 200, fields: [] });
  });

  it('judges what inner layers add at the last moment, and keeps what was there before', async () => {
    const outcome = await record((response) => response.end('page'), {
      layers: (response) => {
        onHead(response, () => {
          response.setHeader('Set-Cookie', 'sid=1');
          response.setHeader('Vary', 'Cookie');
        });
      },
    });

    expect(outcome.recordings[0]!.fields).toEqual([]);
    expect(outcome.recordings[0]!.lines.get('set-cookie')).toEqual(['sid=1']);
    expect(outcome.recordings[0]!.lines.get('vary')).toEqual(['Cookie']);
  });

  it('judges headers that a layer hands to the next writeHead() without setting them', async () => {
    const outcome = await record((response) => response.end('page'), {
      layers: (response) => {
        const writeHead = response.writeHead.bind(response);
        Object.assign(response, {
          writeHead: (status: number) => writeHead(status, { 'Set-Cookie': 'sid=1' }),
        });
      },
    });

    expect(outcome.recordings[0]!.lines.get('set-cookie')).toEqual(['sid=1']);
  });

  it('records a body once, though an inner layer writes it in another way', async () => {
    const outcome = await record((response) => response.end('page'), {
      layers: (response) => {
        const end = response.end.bind(response);
        Object.assign(response, {
          end(this: ServerResponse, chunk: string) {
            this.write(chunk.toUpperCase());
            return end();
          },
        });
      },
    });

    expect(outcome.recordings.map(({ body }) => body.toString())).toEqual(['page']);
    expect(outcome.body).toBe('PAGE');
  });

  it('waits for a layer that writes the head later than it was told to end', async () => {
    const outcome = await record((response) => response.end(), {
      layers: (response) => {
        const end = response.end.bind(response);
        Object.assign(response, { end: () => setTimeout(() => end('late'), 5) });
        onHead(response, () => {
          response.setHeader('Set-Cookie', 'sid=1');
        });
      },
    });

    expect(outcome.recordings).toHaveLength(1);
    expect(outcome.recordings[0]!.lines.get('set-cookie')).toEqual(['sid=1']);
    expect(outcome.recordings[0]!.body).toHaveLength(0);
  });

  it('records the whole page and sends none of it if the status becomes 304', async () => {
    const written: string[] = [];
    const outcome = await record(
      async (response) => {
        response.setHeader('ETag', '"a"');
        response.write('pa');
        await new Promise<void>((resolve) => response.write('g', () => resolve()));
        written.push('g');
        response.end('e', () => written.push('e'));
      },
      { beforeHead: () => 304 },
    );
    await sleep(5);

    expect(outcome).toMatchObject({ status: 304, body: '' });
    expect(outcome.recordings[0]).toMatchObject({ status: 200 });
    expect(outcome.recordings[0]!.body.toString()).toBe('page');
    expect(written).toEqual(['g', 'e']);
  });

  it('sends the body of the head that follows one that an inner layer refused', async () => {
    let isFirst = true;
    const outcome = await record(
      (response) => {
        try {
          response.end('page');
        } catch {
          response.statusCode = 500;
          response.end('no session store');
        }
      },
      {
        beforeHead: () => 304,
        layers: (response) => {
          onHead(response, () => {
            if (isFirst) {
              isFirst = false;
              throw new Error('no session store');
            }
          });
        },
      },
    );

    expect(outcome).toMatchObject({ status: 500, body: 'no session store', recordings: [] });
  });

  it('lets headers be changed before the head is written, and does not record the change', async () => {
    const outcome = await record((response) => response.end('page'), {
      beforeHead: ({ status }, response) => {
        response.setHeader('X-Cache', 'MISS');
        return status;
      },
    });

    expect(outcome.headers!.get('x-cache')).toBe('MISS');
    expect(outcome.recordings[0]!.fields).toEqual([]);
  });

  it.each([
    [
      'written in parts',
      (response: ServerResponse) => response.write('x'.repeat(1001)) && response.end(),
    ],
    ['ended at once', (response: ServerResponse) => response.end('x'.repeat(1001))],
    [
      'announced',
      (response: ServerResponse) =>
        response.writeHead(200, { 'content-length': 1001 }).end('x'.repeat(1001)),
    ],
  ])('passes a body that is too large through unrecorded, %s', async (_how, handler) => {
    const outcome = await record(handler);

    expect(outcome).toMatchObject({ recordings: [], tooLarge: 1, overs: 1 });
    expect(outcome.body).toHaveLength(1001);
  });

  it('records a body of exactly the size', async () => {
    const outcome = await record((response) => response.end('x'.repeat(1000)));

    expect(outcome.recordings[0]!.body).toHaveLength(1000);
  });

  it.each([
    [
      'is shorter than it says [H19]',
      (response: ServerResponse) => {
        response.writeHead(200, { 'Content-Length': '10' });
        const { socket } = response;
        response.write('half');
        response.end();
        setTimeout(() => socket!.destroy(), 5);
      },
    ],
    [
      'is destroyed midway [H19]',
      (response: ServerResponse) => {
        response.write('half');
        setTimeout(() => response.destroy(), 5);
      },
    ],
    [
      'is ended though it is destroyed [H19]',
      (response: ServerResponse) => {
        response.write('half');
        response.destroy();
        response.end();
      },
    ],
    [
      'is ended though the stream behind it failed [H19]',
      (response: ServerResponse) => {
        const source = new Readable({ read() {} });
        source.pipe(response);
        source.push('half');
        source.once('error', () => response.end());
        setTimeout(() => source.destroy(new Error('disk')), 5);
      },
    ],
  ])('records nothing of a response that %s', async (_how, handler) => {
    const outcome = await record(handler);

    expect(outcome).toMatchObject({ recordings: [], overs: 1 });
  });

  it('records a stream that is piped into the response', async () => {
    const outcome = await record((response) => Readable.from(['pa', 'ge']).pipe(response));

    expect(outcome.recordings[0]!.body.toString()).toBe('page');
  });

  it('lets the client have each part before the next is written', async () => {
    const outcome = await record(async (response) => {
      await new Promise<void>((resolve) => response.write('pa', () => resolve()));
      expect(response.headersSent).toBe(true);
      response.end('ge');
    });

    expect(outcome.recordings[0]!.body.toString()).toBe('page');
  });

  it('records nothing once it is cancelled', async () => {
    const outcome = await record((response) => response.end('page'), { cancels: true });

    expect(outcome).toMatchObject({ recordings: [], overs: 1, body: 'page' });
  });

  it('leaves the errors of Node.js as they are', async () => {
    const errors: unknown[] = [];
    await record((response) => {
      for (const call of [
        () => response.writeHead(200, { 'X-A': 'a\r\nb' }),
        () => response.write(5),
      ]) {
        try {
          call();
        } catch (error) {
          errors.push((error as { code: string }).code);
        }
      }
      response.end();
      try {
        response.writeHead(200);
      } catch (error) {
        errors.push((error as { code: string }).code);
      }
    });

    expect(errors).toEqual(['ERR_INVALID_CHAR', 'ERR_INVALID_ARG_TYPE', 'ERR_HTTP_HEADERS_SENT']);
  });
});
