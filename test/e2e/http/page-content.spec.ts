import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { PLATFORMS, startController, type Answer, type HttpApp } from './http-app.js';
import { MEBIBYTE, OuterSerializer, Pages, runs } from './pages.controller.js';

function sameAnswer([miss, hit]: readonly [Answer, Answer]): void {
  expect(miss.cache).toBe('MISS');
  expect(hit.cache).toBe('HIT');
  expect(hit.status).toBe(miss.status);
  expect(hit.bytes.equals(miss.bytes)).toBe(true);
  expect(hit.headers['content-type']).toBe(miss.headers['content-type']);
  expect(hit.headers['content-length']).toBe(String(miss.bytes.length));
}

describe.each(PLATFORMS)('what a page is, on %s', (platform) => {
  let http: HttpApp;

  beforeAll(async () => {
    for (const name of Object.keys(runs)) delete runs[name];
    http = await startController(platform, Pages);
  });

  afterAll(async () => {
    await http.close();
  });

  /** Asks twice; what the handler was asked for is in `runs`. */
  async function twice(path: string): Promise<[Answer, Answer]> {
    return [await http.ask(path), await http.ask(path)];
  }

  it('is stored once and answers the next request', async () => {
    const answers = await twice('/basic');

    sameAnswer(answers);
    expect(answers[1].body).toBe('{"run":1}');
    expect(runs['basic']).toBe(1);
  });

  it('keeps text beyond ASCII', async () => {
    const answers = await twice('/text');

    sameAnswer(answers);
    expect(answers[1].body).toBe('täxt 1');
  });

  it('keeps status, headers and content type that were set at run time [W7]', async () => {
    const answers = await twice('/dynamic');

    sameAnswer(answers);
    expect(answers[1]).toMatchObject({ status: 203, body: '{"run":1}' });
    expect(answers[1].headers['x-dyn']).toBe('yes');
    expect(answers[1].headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  it('is never made of a 404, which stays one [W7 H14]', async () => {
    const [first, second] = await twice('/missing');

    expect([first.status, second.status]).toEqual([404, 404]);
    expect([first.cache, second.cache]).toEqual(['BYPASS', 'BYPASS']);
    expect(runs['missing']).toBe(2);
  });

  it('is never made of an exception', async () => {
    const [first, second] = await twice('/down');

    expect([first.status, second.status]).toEqual([503, 503]);
    expect(runs['down']).toBe(2);
  });

  it('keeps what @HttpCode() and @Header() say', async () => {
    const answers = await twice('/static');

    sameAnswer(answers);
    expect(answers[1]).toMatchObject({ status: 203, body: 'a,b,1' });
    expect(answers[1].headers['x-static']).toBe('yes');
    expect(answers[1].headers['content-type']).toMatch(/^text\/csv/);
  });

  it('keeps a header of several lines as several lines', async () => {
    const answers = await twice('/links');
    const lines = answers.map(({ rawHeaders }) =>
      rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === 'link'),
    );

    sameAnswer(answers);
    expect(lines[1]).toEqual(['</a>; rel=preload', '</b>; rel=preload']);
    expect(lines[0]).toEqual(lines[1]);
  });

  it.each(['null', 'undefined', 'zero', 'false', 'empty'])(
    'may be made of a handler that returns %s [W16]',
    async (path) => {
      sameAnswer(await twice(`/${path}`));
      expect(runs[path]).toBe(1);
    },
  );

  it('keeps bytes as bytes [W17]', async () => {
    const answers = await twice('/bytes');

    sameAnswer(answers);
    expect([...answers[1].bytes]).toEqual([0, 7, 8, 255]);
    expect(runs['bytes']).toBe(1);
  });

  it('may be sent by the handler itself [W16]', async () => {
    const answers = await twice('/own');

    sameAnswer(answers);
    expect(answers[1].body).toBe('own 1');
    expect(answers[1].headers['x-own']).toBe('yes');
  });

  it.each([
    ['file', 'file 1'],
    ['response', 'web 1'],
    ['web-stream', 'web 1'],
    ['readable', 'readable 1 more'],
    ['generator', 'gen 1 more'],
  ])('may be streamed: %s [W13]', async (path, body) => {
    const answers = await twice(`/${path}`);
    const third = await http.ask(`/${path}`);

    sameAnswer(answers);
    expect([answers[1].body, third.body]).toEqual([body, body]);
    expect(runs[path]).toBe(1);
  });

  it('keeps the headers of a file and of a web response [W13]', async () => {
    const [, file] = await twice('/file');
    const [, response] = await twice('/response');

    expect(file.headers['content-disposition']).toBe('attachment; filename="a.txt"');
    expect(response.status).toBe(203);
    expect(response.headers['x-web']).toBe('yes');
  });

  it('is never made of server-sent events [W14]', async () => {
    const [first, second] = await twice('/events');

    expect(first.body).toContain('data: {"tick":0}');
    expect(second.body).toBe(first.body);
    expect(second.cache).toBeUndefined();
    expect(runs['events']).toBe(2);
  });

  it('is never made of an event stream that the handler writes itself [W14]', async () => {
    const [first, second] = await twice('/events-by-hand');

    expect([first.cache, second.cache]).toEqual(['BYPASS', 'BYPASS']);
    expect(second.body).toBe('data: 2\n\n');
  });

  it('is what was sent of an Observable of several values [W15]', async () => {
    const answers = await twice('/many');

    sameAnswer(answers);
    expect(answers[1].body).toBe('{"x":3}');
    expect(runs['many']).toBe(1);
  });

  it('is what serialising interceptors within made of the value [W2]', async () => {
    const answers = await twice('/user');

    sameAnswer(answers);
    expect(answers[1].body).toBe('{"name":"ann"}');
  });

  it.each([
    ['moved', 301, '/basic'],
    ['moved-anywhere', 308, '/basic?r=1'],
  ])('may be a permanent redirect: %s', async (path, status, location) => {
    const [miss, hit] = await twice(`/${path}`);

    expect([miss.cache, hit.cache]).toEqual(['MISS', 'HIT']);
    expect(hit.status).toBe(status);
    expect(hit.headers.location).toBe(location);
    expect(hit.body).toBe(miss.body);
    expect(runs[path]).toBe(1);
  });

  it('is never made of a redirect for now [H14]', async () => {
    const [, second] = await twice('/found');

    expect(second).toMatchObject({ status: 302, cache: 'BYPASS' });
    expect(runs['found']).toBe(2);
  });

  it('is not stored if it is larger than 1 MiB, and passes through whole', async () => {
    const [first, second] = await twice('/large');

    const digests = [first, second].map(({ bytes }) =>
      createHash('sha256').update(bytes).digest('hex'),
    );
    expect(first.bytes).toHaveLength(MEBIBYTE + 1);
    expect(digests[1]).toBe(digests[0]);
    expect(runs['large']).toBe(2);
  });

  it('is stored if it is just 1 MiB', async () => {
    sameAnswer(await twice('/largest'));
  });

  it('is never made of a stream that failed midway [H19]', async () => {
    await http.ask('/broken').catch(() => {});
    const second = await http.ask('/broken');
    const third = await http.ask('/broken');

    expect(second.body).toBe('first half, second half');
    expect(third).toMatchObject({ cache: 'HIT', body: 'first half, second half' });
    expect(runs['broken']).toBe(2);
  });

  it('is never made of fewer bytes than were announced [H19]', async () => {
    await http.ask('/lying').catch(() => {});
    const second = await http.ask('/lying');

    expect(second.body).toBe('the whole');
    expect(runs['lying']).toBe(2);
  });
});

describe.each(PLATFORMS)('a serialising interceptor outside, on %s', (platform) => {
  it('hides on a hit what it hides on a miss [W2]', async () => {
    runs['outer-user'] = 0;
    const http = await startController(platform, OuterSerializer);

    const miss = await http.ask('/outer/user');
    const hit = await http.ask('/outer/user');
    await http.close();

    expect(hit).toMatchObject({ cache: 'HIT', body: '{"name":"ann"}' });
    expect(miss.body).toBe(hit.body);
    expect(runs['outer-user']).toBe(1);
    expect(http.log.errors()).toEqual([]);
  });
});
