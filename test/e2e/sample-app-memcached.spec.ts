import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { createCache } from 'nestjs-cache-framework';
import type { CacheService } from 'nestjs-cache-framework';
import type { Browser } from 'playwright-core';
import { chromiumMissing, openWatched, startChromium } from '../support/browser.js';
import { describeUnless, describeWithMemcached, startMemcached } from '../support/memcached.js';
import type { MemcachedServer } from '../support/memcached.js';
import { StoryCard, startSampleApp } from '../support/sample-app.js';
import { storiesWork } from '../support/sample-app-stories.js';
import type { SampleApp } from '../support/sample-app.js';

jest.setTimeout(process.env['HEAVY'] ? 900_000 : 180_000);

const REQUESTS = process.env['HEAVY'] ? 3_000 : 300;

// What a visitor may do without the cache being asked to decide anything: answered with 200, cache or no cache.
const READS = [
  'reports/Oslo',
  'prices',
  'news',
  'images/tide',
  'session',
  'counters/votes',
  'lock',
  'status',
  '',
];

describeWithMemcached('the sample app on two memcached servers', () => {
  let servers: MemcachedServer[];
  let app: SampleApp;
  let cache: CacheService;

  beforeAll(async () => {
    servers = await Promise.all([startMemcached(), startMemcached()]);
    // A busy machine must not look like a slow server.
    const url = `memcached://${servers.map((server) => server.address).join(',')}?deadlineMs=2000`;
    app = await startSampleApp(url);
    cache = await createCache({ url, keyPrefix: 'sample' });
  });
  afterAll(async () => {
    await app.stop();
    await cache.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  describeUnless(chromiumMissing, 'in a browser', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await startChromium();
    });
    afterEach(async () => {
      for (const context of browser.contexts()) await context.close();
    });
    afterAll(() => browser.close());

    storiesWork({ open: () => openWatched(browser, app.url), cache: () => cache });

    it('shows both servers, at its top and in their figures', async () => {
      const { page } = await openWatched(browser, app.url);
      const backend = await page.locator('#backend').innerText();

      expect(servers.map((server) => backend.includes(server.address))).toEqual([true, true]);
      expect(await page.locator('#stats tbody tr').count()).toBe(2);
    });

    it('shows at its top that one is killed and that it is back, without a click', async () => {
      const { page, problems, refused } = await openWatched(browser, app.url);
      const [one, two] = servers as [MemcachedServer, MemcachedServer];
      const marks = page.locator('#backend .server');
      const outage = page.locator('#outage');
      const shown = async () => [await marks.allInnerTexts(), await outage.innerText()];
      const before = await shown();

      await two.kill('SIGKILL');
      await outage.filter({ hasText: /./ }).waitFor();
      const away = await shown();
      await two.restart();
      await outage.filter({ hasNotText: /./ }).waitFor({ state: 'attached' });
      const after = await shown();

      expect(before).toEqual([[one.address, two.address], '']);
      expect(away).toEqual([
        [one.address, `${two.address} (away)`],
        `${two.address} is away: its keys are misses until it is back. The others go on.`,
      ]);
      expect(after).toEqual(before);
      expect([problems, refused]).toEqual([[], []]);
    });

    it('says on each card what the cache being away means for it', async () => {
      const { page, problems } = await openWatched(browser, app.url);
      await Promise.all(servers.map((server) => server.kill('SIGKILL')));
      const away = { badge: 'AWAY', text: expect.stringMatching(/^The cache is away\./) };

      expect(await new StoryCard(page, 'lock').press('Anna takes it')).toMatchObject(away);
      expect(await new StoryCard(page, 'captcha').press('New picture')).toMatchObject(away);
      expect(await new StoryCard(page, 'votes').press('+')).toMatchObject(away);
      expect(await new StoryCard(page, 'sms').press('Send a code')).toMatchObject(away);
      expect(await new StoryCard(page, 'session').press('Log in')).toMatchObject(away);
      expect(await new StoryCard(page, 'session').press('Who am I?')).toMatchObject({
        badge: 'MISS',
      });
      expect(await new StoryCard(page, 'report').press('Ask')).toMatchObject({ badge: 'MISS' });
      expect(await new StoryCard(page, 'images').press('Tide')).toMatchObject({ badge: 'MISS' });
      expect(await new StoryCard(page, 'news').press('Load the page')).toMatchObject({
        badge: 'MISS',
      });
      expect(await new StoryCard(page, 'prices').press('Store all six')).toMatchObject({
        badge: 'AWAY',
        text: '0 stored, 6 could not be: the cache is away.',
      });
      expect(await new StoryCard(page, 'rates').press('A hundred ask')).toMatchObject({
        badge: 'MISS',
        text: expect.stringMatching(/^A hundred asked, \d+ loads, as nothing could be kept\./),
      });
      await page.locator('#backend[data-state=away]').waitFor();
      expect(await page.locator('#outage').innerText()).toMatch(/^The cache is away\./);
      expect(problems).toEqual([]);

      await Promise.all(servers.map((server) => server.restart()));
      await untilItAnswers(app);
    });
  });

  it('keeps its keys on both', async () => {
    await cache.setMany(new Map(Array.from({ length: 40 }, (_, index) => [`key-${index}`, index])));
    for (const city of ['Lisbon', 'Oslo', 'Prague', 'Seville'])
      await fetch(`${app.url}reports/${city}`);
    await fetch(`${app.url}prices`, { method: 'POST' });

    const keys = await Promise.all(servers.map((server) => keysOn(server)));

    const holders = ['bread', 'butter', 'honey', 'olives', 'tea', 'wine'].map((product) =>
      keys.filter((held) => held.some((key) => key.endsWith(`sample:1:price:${product}`))),
    );
    expect(keys.map((held) => held.length > 0)).toEqual([true, true]);
    expect(holders.map((held) => held.length)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    'gives everybody the exchange rates while the server that keeps them is away (%s), and finds them there again',
    async (signal) => {
      const ask = async () => {
        const response = await fetch(`${app.url}rates`);
        return { status: response.status, ...((await response.json()) as RatesAnswer) };
      };
      await ask();
      const home = await homeOf(':rates', servers);

      const before = await ask();
      await home.kill(signal);
      const meanwhile = await Promise.all(Array.from({ length: 100 }, ask));
      await (signal === 'SIGKILL' ? home.restart() : home.kill('SIGCONT'));
      await untilItAnswers(app);
      const first = await ask();
      const after = await ask();

      expect(before.cache).toBe('HIT');
      for (const { status, rates } of [...meanwhile, first, after]) {
        expect([status, rates]).toEqual([200, before.rates]);
      }
      // They share loads, though no server helps them to.
      const loads = meanwhile.filter((answer) => answer.cache === 'MISS').length;
      expect(loads).toBeGreaterThan(0);
      expect(loads).toBeLessThan(50);
      expect(first.cache).toBe(signal === 'SIGKILL' ? 'MISS' : 'HIT');
      expect(after.cache).toBe('HIT');
      expect(app.output()).toContain(`cache "default": ${home.address} is away: `);
      expect(app.output()).toContain(`cache "default": ${home.address} is back.`);
    },
  );

  it('goes on answering while they are killed under load, and uses them again when they are back', async () => {
    const statuses = new Map<string, number>();
    let sent = 0;
    const killAndReturn = async () => {
      await until(() => sent >= REQUESTS / 3);
      await Promise.all(servers.map((server) => server.kill('SIGKILL')));
      await until(() => sent >= (REQUESTS * 2) / 3);
      await Promise.all(servers.map((server) => server.restart()));
    };
    const visitor = async () => {
      while (sent < REQUESTS) {
        const number = sent++;
        const decides = number % 4 === 0;
        const path = decides ? 'counters/views' : (READS[number % READS.length] ?? '');
        const response = await fetch(app.url + path, { method: decides ? 'POST' : 'GET' });
        await response.arrayBuffer();
        const what = `${decides ? 'counts' : 'reads'}: ${response.status}`;
        statuses.set(what, (statuses.get(what) ?? 0) + 1);
      }
    };

    await Promise.all([killAndReturn(), ...Array.from({ length: 8 }, visitor)]);
    await untilItAnswers(app);

    // Every read was answered as ever; a count was made or honestly refused. Nothing else was seen.
    expect(new Set(statuses.keys())).toEqual(new Set(['reads: 200', 'counts: 200', 'counts: 503']));
    await fetch(`${app.url}prices`, { method: 'POST' });
    const found = (await fetch(`${app.url}prices`).then((response) => response.json())) as {
      cache: string;
    }[];
    expect(found.map((price) => price.cache)).toEqual(Array.from({ length: 6 }, () => 'HIT'));
    expect((await Promise.all(servers.map((server) => keysOn(server)))).flat()).not.toEqual([]);
    // Node ends a process that leaves a rejection unhandled, so this one had none.
    expect(app.isRunning()).toBe(true);
    expect(app.output()).not.toMatch(/unhandled/i);
  });
});

interface RatesAnswer {
  readonly cache: string;
  readonly rates: Readonly<Record<string, number>>;
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(5);
}

/** Waits until a counter counts again: both servers are in use. Gives up after 30 seconds. */
async function untilItAnswers(app: SampleApp): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 100) {
    const { answers } = (await fetch(`${app.url}status`).then((response) => response.json())) as {
      answers: boolean;
    };
    const counted = await fetch(`${app.url}counters/views`, { method: 'POST' });
    if (answers && counted.ok) return;
    await sleep(100);
  }
  throw new Error('The sample app did not use the servers again within 30 seconds.');
}

/** The server on which a key with this ending lies. The crawler may pass over it once while memcached moves it about. */
async function homeOf(
  ending: string,
  servers: readonly MemcachedServer[],
): Promise<MemcachedServer> {
  for (let tries = 0; tries < 100; tries += 1) {
    for (const server of servers) {
      if ((await keysOn(server)).some((key) => key.endsWith(ending))) return server;
    }
    await sleep(50);
  }
  throw new Error(`No server has a key that ends with "${ending}".`);
}

/** The keys on a server, by a socket of our own. The crawler takes the connection over until it has said END. */
async function keysOn(server: MemcachedServer): Promise<string[]> {
  const socket = connect(server.port, '127.0.0.1');
  let dump = '';
  socket.write('lru_crawler metadump all\r\n');
  for await (const chunk of socket) {
    dump += String(chunk);
    if (dump.endsWith('END\r\n')) break; // leaving the loop also closes the socket
  }
  return [...dump.matchAll(/^key=(\S+)/gm)].map(([, key = '']) => decodeURIComponent(key));
}
