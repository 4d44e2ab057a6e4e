import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CacheService, createCache } from 'nestjs-cache-framework';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Browser } from 'playwright-core';
import { describeWithChromium, openWatched, startChromium } from '../support/browser.js';
import { startSampleApp } from '../support/sample-app.js';
import { storiesWork } from '../support/sample-app-stories.js';
import type { SampleApp } from '../support/sample-app.js';

jest.setTimeout(120_000);

const SAMPLE = fileURLToPath(new URL('../../sample-app/', import.meta.url));

/** The application inside this process, on memory: what `npm start` starts when nothing is configured. */
async function listenOnMemory(): Promise<{ app: NestExpressApplication; url: string }> {
  delete process.env['CACHE_URL'];
  const { createApp } = await import('../../sample-app/src/create-app.js');
  const app = await createApp({ logger: ['warn', 'error'] });
  await app.listen(0, '127.0.0.1');
  return { app, url: `${await app.getUrl()}/` };
}

async function closeContexts(browser: Browser | undefined): Promise<void> {
  for (const context of browser?.contexts() ?? []) await context.close();
}

describe('the sample app on memory', () => {
  let app: NestExpressApplication;
  let url: string;

  beforeAll(async () => {
    ({ app, url } = await listenOnMemory());
  });
  afterAll(() => app.close());

  it('serves its page and everything the page needs, under a strict content security policy', async () => {
    for (const path of ['', ...(await readdir(join(SAMPLE, 'public')))]) {
      const response = await fetch(url + path);

      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; script-src 'self';/,
      );
    }
  });

  it('tells the time it took on the server with every answer', async () => {
    for (const path of ['', 'status', 'reports/Oslo', 'news', 'images/fern']) {
      const response = await fetch(url + path);

      expect(response.headers.get('server-timing')).toMatch(/^app;dur=\d+\.\d\d$/);
    }
  });

  it('says which backend is active', async () => {
    const response = await fetch(`${url}status`);

    await expect(response.json()).resolves.toEqual({
      backend: expect.stringMatching(/^memory/),
      answers: true,
      servers: [{ server: expect.stringMatching(/^memory/), state: 'up' }],
    });
  });

  it.each([
    ['POST', 'sms', { phone: 'call me' }],
    ['POST', 'sms', { phone: 42 }],
    ['POST', 'sms', undefined],
    ['POST', 'session', { user: '<script>', password: 'cache' }],
    ['POST', 'captcha/1', { answer: 'ABCDE' }],
    ['GET', 'reports/Atlantis', undefined],
    ['GET', 'images/..%2Fsecret', undefined],
    ['POST', 'counters/votes/wine', { vote: 'give' }],
    ['POST', 'lock', { owner: '' }],
  ])('refuses %s /%s with %j', async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });

    expect(response.status).toBe(400);
  });

  it('never loses one of two hundred votes given at once', async () => {
    const vote = () =>
      fetch(`${url}counters/votes/coffee`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"vote":"give"}',
      });

    await Promise.all(Array.from({ length: 200 }, vote));

    const votes = await fetch(`${url}counters/votes`).then((response) => response.json());
    expect(votes).toMatchObject({ cache: 'HIT', coffee: 200 });
  });

  it('asks the bank once for a hundred who want the exchange rates at once', async () => {
    const ask = () => fetch(`${url}rates`).then((response) => response.json());
    await fetch(`${url}rates`, { method: 'DELETE' });

    const answers = (await Promise.all(Array.from({ length: 100 }, ask))) as { cache: string }[];

    expect(answers.filter(({ cache }) => cache === 'MISS')).toHaveLength(1);
    await expect(ask()).resolves.toMatchObject({ cache: 'HIT', rates: { USD: 1.09 } });
  });

  it('counts a hundred guesses at once as a hundred, so that only three are looked at', async () => {
    const { id } = (await fetch(`${url}captcha`, { method: 'POST' }).then((r) => r.json())) as {
      id: string;
    };
    const guess = async () => {
      const response = await fetch(`${url}captcha/${id}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"answer":"WRONG"}',
      });
      return ((await response.json()) as { cache: string }).cache;
    };

    const seen = await Promise.all(Array.from({ length: 100 }, guess));

    expect(seen.filter((cache) => cache === 'HIT').length).toBeLessThanOrEqual(3);
  });
});

describeWithChromium('the page of the sample app', () => {
  let app: NestExpressApplication;
  let url: string;
  let browser: Browser;

  beforeAll(async () => {
    [{ app, url }, browser] = await Promise.all([listenOnMemory(), startChromium()]);
  });
  afterEach(() => closeContexts(browser));
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  describe('on memory', () => {
    storiesWork({
      open: () => openWatched(browser, url),
      cache: () => app.get(CacheService),
    });
  });

  it('shows the active backend at its top', async () => {
    const { page } = await openWatched(browser, url);

    expect(await page.locator('#backend').innerText()).toMatch(/^memory/);
    expect(await page.locator('#backend').getAttribute('data-state')).toBe('up');
    expect(await page.locator('#outage').innerText()).toBe('');
  });

  it.each([360, 768, 1280])('never scrolls sideways at a width of %i', async (width) => {
    const { page } = await openWatched(browser, url, { width });
    await page.locator('#report [data-do=ask]').click();
    await page.locator('#report table').waitFor();

    const inside = await page.evaluate('document.documentElement.scrollWidth');

    expect(inside).toBe(width);
  });

  it('is drawn dark where the visitor likes it dark', async () => {
    const seen = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await openWatched(browser, url, { colorScheme });
      seen.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
    }

    expect(seen).toEqual(['rgb(244, 241, 234)', 'rgb(18, 22, 27)']);
  });

  it('can be used with the keyboard alone', async () => {
    const { page } = await openWatched(browser, url);

    await page
      .locator('#votes')
      .getByRole('button', { name: 'Vote for coffee', exact: true })
      .focus();
    await page.keyboard.press('Enter');
    await page.locator('#votes[aria-busy=false]').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.locator('#votes .text', { hasText: 'exactly 20 more' }).waitFor();

    expect(await page.locator('#votes .badge').innerText()).toBe('+20');
  });

  it('is clean where it is opened and left alone: no error, no refused request, nothing from elsewhere', async () => {
    const { page, problems, refused } = await openWatched(browser, url);

    const picture = await page.screenshot({ fullPage: true });

    expect(picture.length).toBeGreaterThan(50_000);
    expect([problems, refused]).toEqual([[], []]);
  });
});

describeWithChromium('the sample app on files', () => {
  let directory: string;
  let app: SampleApp;
  let browser: Browser;
  let cache: CacheService;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sample-app-'));
    const url = pathToFileURL(directory).href;
    [app, browser] = await Promise.all([startSampleApp(url), startChromium()]);
    cache = await createCache({ url, keyPrefix: 'sample' });
  });
  afterEach(() => closeContexts(browser));
  afterAll(async () => {
    await browser.close();
    await app.stop();
    await cache.close();
    await rm(directory, { recursive: true, force: true });
  });

  storiesWork({ open: () => openWatched(browser, app.url), cache: () => cache });

  it('keeps what it caches in that directory', async () => {
    await fetch(`${app.url}prices`, { method: 'POST' });

    const files = await readdir(directory, { recursive: true });

    expect(files.length).toBeGreaterThan(6);
  });

  it('says so at its top', async () => {
    const { page } = await openWatched(browser, app.url);

    expect(await page.locator('#backend').innerText()).toContain(directory);
  });
});

describe('starting the sample app', () => {
  it('ends with an error where CACHE_URL is set to nothing, and never takes memory in silence', async () => {
    await expect(startSampleApp('')).rejects.toThrow(/CacheConfigError/);
  });

  it('listens on the port given as PORT, shuts down on SIGTERM', async () => {
    const app = await startSampleApp();

    const { status } = await fetch(app.url);
    await app.stop();

    expect(status).toBe(200);
    expect(app.isRunning()).toBe(false);
    expect(app.output()).toContain('cache "default": memory');
  });
});

describe('the code on the page', () => {
  it('stands line by line in the file it names', async () => {
    const html = await readFile(join(SAMPLE, 'public/index.html'), 'utf8');
    const figures = [
      ...html.matchAll(/<figcaption>(.*?)<\/figcaption>\s*<pre\s*><code\s*>(.*?)<\/code/gs),
    ];

    const unknown: string[] = [];
    for (const [, file = '', code = ''] of figures) {
      const source = await readFile(join(SAMPLE, 'src', file), 'utf8');
      const lines = code
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&amp;', '&')
        .split('\n');
      unknown.push(
        ...lines.filter((line) => !source.includes(line.trim())).map((line) => `${file}: ${line}`),
      );
    }

    expect(figures).toHaveLength(11);
    expect(unknown).toEqual([]);
  });

  it('loads nothing from another host', async () => {
    for (const file of await readdir(join(SAMPLE, 'public'))) {
      const text = await readFile(join(SAMPLE, 'public', file), 'utf8');

      const addresses = [...text.matchAll(/\bhttps?:\/\/[^\s"'`]+/g)].map(([address]) => address);

      expect(addresses.filter((address) => address !== 'http://www.w3.org/2000/svg')).toEqual([]);
    }
  });
});
