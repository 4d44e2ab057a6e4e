import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { CachePage, type HttpOptions } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';
import { gate, until, type Gate } from './time.js';

let runs = 0;
let first: Gate;

@Controller()
class Pages {
  /** The first one takes as long as it likes. */
  @Get('page')
  @CachePage(60)
  async page(): Promise<string> {
    const run = ++runs;
    if (run === 1) await first.opened;
    return `run ${run}`;
  }
}

let http: HttpApp;

beforeEach(() => {
  runs = 0;
  first = gate();
});

afterEach(async () => {
  first.open();
  await http.close();
});

describe.each(PLATFORMS)('http.coalesceTimeout, on %s', (platform) => {
  it.each<HttpOptions['coalesceTimeout']>([0, '20ms'])(
    'lets who waits for a page make it, after %j',
    async (coalesceTimeout) => {
      http = await startController(platform, Pages, { cache: { http: { coalesceTimeout } } });
      const slow = http.ask('/page');
      await until(() => runs === 1);

      const second = await http.ask('/page');
      first.open();

      expect(second).toMatchObject({ status: 200, cache: 'MISS', body: 'run 2' });
      expect((await slow).body).toBe('run 1');
      expect(runs).toBe(2);
    },
  );

  it.each<HttpOptions['coalesceTimeout']>([undefined, '30d'])(
    'keeps others waiting, for %j',
    async (coalesceTimeout) => {
      http = await startController(platform, Pages, { cache: { http: { coalesceTimeout } } });
      const slow = http.ask('/page');
      await until(() => runs === 1);
      const second = http.ask('/page');
      await new Promise((resolve) => setTimeout(resolve, 50));
      first.open();

      expect((await slow).body).toBe('run 1');
      expect(await second).toMatchObject({ cache: 'HIT', body: 'run 1' });
      expect(runs).toBe(1);
    },
  );
});
