import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Headers, UseGuards, UseInterceptors } from '@nestjs/common';
import {
  type CacheBackend,
  CacheInterceptor,
  type CacheModuleOptions,
  type Payload,
} from 'nestjs-cache-framework';
import { PLATFORMS, startController, type Answer, type HttpApp } from './http-app.js';
import { gate, type Gate } from './time.js';

let runs = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('page')
  page(): object {
    return { run: ++runs };
  }

  @Get('slow')
  @Header('Vary', 'Accept-Language')
  @UseGuards({
    canActivate: () => {
      if (++arrived === AT_ONCE) allAreThere.open();
      return true;
    },
  })
  async slow(@Headers('accept-language') language: string): Promise<string> {
    const run = ++runs;
    // All who ask at once are there, and had time to come as far as they can.
    await allAreThere.opened;
    await sleep(100);
    return `run ${run} in ${language}`;
  }
}

/** A backend in a Map, of which single methods can be broken. */
function mapBackend(broken: Partial<CacheBackend>): CacheBackend {
  const entries = new Map<string, Payload>();
  return {
    name: 'map',
    get: async (key) => entries.get(key),
    set: async (key, payload) => {
      entries.set(key, payload);
      return true;
    },
    add: async (key, payload) => !entries.has(key) && Boolean(entries.set(key, payload)),
    touch: async () => false,
    delete: async (key) => entries.delete(key),
    clear: async () => {
      entries.clear();
    },
    ...broken,
  };
}

const refused = async (): Promise<never> => {
  throw new Error('ECONNREFUSED');
};
const hung = (): Promise<never> => new Promise(() => {});

const AT_ONCE = 40;
let arrived = 0;
let allAreThere: Gate;

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => {
  unhandled.push(reason);
};

let http: HttpApp;

beforeEach(() => {
  runs = 0;
  unhandled.length = 0;
  process.on('unhandledRejection', onUnhandled);
});

afterEach(async () => {
  await http.close();
  process.off('unhandledRejection', onUnhandled);
});

async function twice(
  cache: CacheModuleOptions,
  platform: 'express' | 'fastify',
): Promise<unknown[]> {
  http = await startController(platform, Pages, { cache });
  const answers = [await http.ask('/page'), await http.ask('/page')];
  await sleep(20);
  return answers.map(({ status, cache: found, body }) => [status, found, body]);
}

const ANSWERED = [
  [200, 'MISS', '{"run":1}'],
  [200, 'MISS', '{"run":2}'],
];

describe.each(PLATFORMS)('a cache that fails, on %s', (platform) => {
  it.each<[string, Partial<CacheBackend>]>([
    ['refuses reads', { get: refused }],
    ['refuses writes', { set: refused }],
    ['refuses everything', { get: refused, set: refused, delete: refused }],
    [
      'throws at once',
      {
        get: () => {
          throw new TypeError('broken');
        },
      },
    ],
    ['answers false to writes', { set: async () => false }],
    ['hangs on reads', { get: hung, deadlineMs: 30 }],
    ['hangs on writes', { set: hung, deadlineMs: 30 }],
    [
      'brings something else',
      { get: async () => ({ flags: 4096, data: Buffer.from('NCP1evil') }) },
    ],
    [
      'brings what nobody can read',
      { get: async () => ({ flags: 1, data: Buffer.from('\u0080') }) },
    ],
  ])('and %s leaves the handler to answer [W22 W26 W30]', async (_how, broken) => {
    expect(await twice({ backend: mapBackend(broken) }, platform)).toEqual(ANSWERED);
    expect(unhandled).toEqual([]);
  });

  it.each<[string, Partial<CacheBackend>]>([
    ['reads', { get: refused }],
    ['writes', { set: refused }],
  ])(
    'and refuses %s in strict mode leaves the handler to answer, and is in the log once',
    async (_what, broken) => {
      const cache = { backend: mapBackend(broken), onError: 'throw' } as const;

      expect(await twice(cache, platform)).toEqual(ANSWERED);
      expect(unhandled).toEqual([]);
      expect(http.log.said()).toEqual([
        expect.stringMatching(
          /^Pages\.page is not cached: the cache did not store it\. The error was: .*ECONNREFUSED/,
        ),
      ]);
    },
  );

  it('leaves those who ask at once with what one of them was made, each in their language', async () => {
    arrived = 0;
    allAreThere = gate();
    const down = { get: refused, set: refused, add: refused, delete: refused };
    http = await startController(platform, Pages, { cache: { backend: mapBackend(down) } });
    const ask = (language: string): Promise<Answer> =>
      http.ask('/slow', { headers: { 'Accept-Language': language } });

    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, client) => ask(client % 4 === 0 ? 'fr' : 'en')),
    );
    const [french, ...others] = answers;
    const later = await ask('fr');

    expect(french).toMatchObject({ status: 200, cache: 'MISS', body: 'run 1 in fr' });
    expect(others.filter(({ body }) => body === 'run 1 in fr').length).toBe(9);
    expect(others.filter(({ body }) => body.endsWith(' in en')).length).toBe(30);
    expect(new Set(others.map(({ cache, body }) => `${cache} ${body.slice(-2)}`))).toEqual(
      new Set(['HIT fr', 'MISS en']),
    );
    expect(later).toMatchObject({ cache: 'MISS', body: `run ${runs} in fr` });
    expect(unhandled).toEqual([]);
  });

  it('and was closed leaves the handler to answer', async () => {
    http = await startController(platform, Pages);
    await http.pages.close();

    expect(await http.ask('/page')).toMatchObject({ status: 200, body: '{"run":1}' });
    expect(await http.ask('/page')).toMatchObject({ status: 200, body: '{"run":2}' });
    expect(unhandled).toEqual([]);
  });

  it('and works again is used again', async () => {
    let isDown = true;
    const entries = new Map<string, Payload>();
    const backend = mapBackend({
      get: async (key) => (isDown ? refused() : entries.get(key)),
      set: async (key, payload) => (isDown ? refused() : Boolean(entries.set(key, payload))),
      add: async (key, payload) => (isDown ? refused() : Boolean(entries.set(key, payload))),
    });
    http = await startController(platform, Pages, { cache: { backend } });
    await http.ask('/page');
    isDown = false;

    const caches = [await http.ask('/page'), await http.ask('/page')].map(({ cache }) => cache);

    expect(caches).toEqual(['MISS', 'HIT']);
  });

  it('has stored a page by the time that the client asks again [W29]', async () => {
    expect(await twice({}, platform)).toEqual([
      [200, 'MISS', '{"run":1}'],
      [200, 'HIT', '{"run":1}'],
    ]);
  });

  it('keeps pages of any URL, however long [W31]', async () => {
    http = await startController(platform, Pages, {
      cache: { backend: mapBackend({ keyLimits: { maxBytes: 250, printableOnly: true } }) },
    });
    const path = `/page?q=${'ä%20'.repeat(500)}`;

    await http.ask(encodeURI(path));

    expect(await http.ask(encodeURI(path))).toMatchObject({ cache: 'HIT' });
  });
});
