import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseInterceptors } from '@nestjs/common';
import { type CacheBackend, CacheInterceptor, type Payload } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';

let runs = 0;
/** Ends when the handler has begun. */
let running: Promise<void>;
let begin: () => void;
/** Lets the handler go on. */
let goOn: () => void;
let going: Promise<void>;

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('page')
  async page(): Promise<object> {
    runs += 1;
    begin();
    await going;
    return { run: runs };
  }
}

/** A backend whose `get` tells what was there when it was asked, but only when it is let. */
function lateBackend(): { backend: CacheBackend; hold(): () => void } {
  const entries = new Map<string, Payload>();
  let telling: Promise<void> = Promise.resolve();
  let held = 0;
  const store = async (key: string, payload: Payload): Promise<boolean> =>
    Boolean(entries.set(key, payload));
  return {
    backend: {
      name: 'late',
      get: async (key) => {
        const payload = entries.get(key);
        // The look of the one request, and no look before the page is kept.
        if (held > 0) {
          held -= 1;
          await telling;
        }
        return payload;
      },
      set: store,
      add: async (key, payload) => !entries.has(key) && store(key, payload),
      touch: async () => false,
      delete: async (key) => entries.delete(key),
      clear: async () => entries.clear(),
    },
    hold: () => {
      // A page and its two stamps.
      held = 3;
      const gate = new EventEmitter();
      telling = once(gate, 'open').then(() => undefined);
      return () => {
        gate.emit('open');
      };
    },
  };
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('a page that is kept while the cache answers, on %s', (platform) => {
  it('is found by who was told that there is none', async () => {
    runs = 0;
    running = new Promise((resolve) => {
      begin = resolve;
    });
    going = new Promise((resolve) => {
      goOn = resolve;
    });
    const late = lateBackend();
    http = await startController(platform, Pages, { cache: { backend: late.backend } });
    const first = http.ask('/page');
    await running;
    const tell = late.hold();
    const second = http.ask('/page');
    await sleep(20);

    goOn();
    await first;
    await sleep(20);
    tell();

    expect([(await second).cache, runs]).toEqual(['HIT', 1]);
  });
});
