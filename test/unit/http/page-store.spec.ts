import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCache } from '../../../lib/create-cache.js';
import type { CacheService } from '../../../lib/core/cache.service.js';
import type { Ttl } from '../../../lib/core/cache-backend.interface.js';
import { linesOfPairs, type RequestHead } from '../../../lib/http/http-head.js';
import { MOST_VARIANTS, PageStore, type Kept } from '../../../lib/http/page-store.js';
import { encodePage, type StoredPage } from '../../../lib/http/stored-page.js';
import { fakeClock } from '../../../lib/testing/fake-clock.js';

const KEY = 'page:key';
const PLACE = { key: KEY, tags: ['path', 'route'] };
/** Each tag has a stamp in the cache. */
const STAMPS = PLACE.tags.length;

const clock = fakeClock();
let cache: CacheService;
let store: PageStore;

beforeEach(async () => {
  cache = await createCache({ clock, options: { maxEntries: 1000 } });
  store = new PageStore(cache);
});

afterEach(async () => {
  await cache.close();
});

function head(...pairs: string[]): RequestHead {
  return { method: 'GET', lines: linesOfPairs(pairs), headers: {} };
}

function page(body: string, ttl: Ttl = 60): StoredPage {
  return {
    status: 200,
    fields: [],
    removed: [],
    date: 'Sun, 22 Nov 2026 10:00:00 GMT',
    storedAt: clock.now(),
    age: 0,
    freshUntil: ttl === null ? null : clock.now() + ttl * 1000,
    stale: { whileRevalidate: 0, ifError: 0 },
    body: Buffer.from(body),
  };
}

async function keep(
  body: string,
  asked: RequestHead,
  vary: string[],
  ttl: Ttl = 60,
): Promise<Kept> {
  const held = await store.holdTags(PLACE.tags);
  return store.keep(PLACE, asked, page(body, ttl), { vary, held });
}

async function found(asked: RequestHead): Promise<string | undefined> {
  return (await store.find(PLACE, asked)).page?.body.toString();
}

const french = head('Accept-Language', 'fr');
const german = head('Accept-Language', 'de');

describe('PageStore', () => {
  it('finds nothing where nothing was kept', async () => {
    expect(await found(french)).toBeUndefined();
  });

  it('finds a page that does not vary for everybody, until it expires', async () => {
    expect(await keep('page', french, [])).toBe('stored');
    expect(await found(german)).toBe('page');

    clock.advance(60);

    expect(await found(german)).toBeUndefined();
  });

  it('keeps a page for ever if its ttl is null', async () => {
    await keep('page', french, [], null);
    await keep('v', french, ['x-a'], null);

    clock.advance(10 * 365 * 86_400);

    expect(await found(french)).toBe('v');
  });

  it('keeps a page apart for each value of a header that it varies on [W3]', async () => {
    await keep('salut', french, ['accept-language']);
    await keep('hallo', german, ['accept-language']);

    expect(await found(french)).toBe('salut');
    expect(await found(german)).toBe('hallo');
    expect(await found(head())).toBeUndefined();
    expect(await found(head('Accept-Language', ''))).toBeUndefined();
  });

  it('adds what a later answer varies on, and drops nothing of what earlier ones did', async () => {
    await keep('one', head('X-A', '1', 'X-B', '1'), ['x-a']);
    await keep('two', head('X-A', '2', 'X-B', '2'), ['x-b']);
    await keep('three', head('X-A', '3'), []);

    expect(await found(head('X-A', '1', 'X-B', '1'))).toBeUndefined();
    expect(await found(head('X-A', '2', 'X-B', '2'))).toBe('two');
    expect(await found(head('X-A', '2', 'X-B', '1'))).toBeUndefined();
    expect(await found(head('X-A', '3'))).toBe('three');
    expect(await found(head())).toBeUndefined();
  });

  it('leaves no variant behind that nobody can find', async () => {
    await keep('one', head('X-A', '1'), ['x-a']);
    await keep('two', head('X-A', '2'), ['x-a', 'x-b']);

    const [stats] = await cache.stats();
    expect(stats!.items).toBe(STAMPS + 2);
  });

  it('replaces a page that did not vary by an index when an answer varies', async () => {
    await keep('for all', french, []);
    await keep('salut', french, ['accept-language']);

    expect(await found(french)).toBe('salut');
    expect(await found(german)).toBeUndefined();
  });

  it(`keeps ${MOST_VARIANTS} variants of a page and no more [K7]`, async () => {
    const kept: Kept[] = [];
    for (let index = 0; index < 100; index += 1) {
      kept.push(await keep('page', head('Accept-Language', String(index)), ['accept-language']));
    }

    expect(kept.filter((became) => became === 'stored')).toHaveLength(MOST_VARIANTS);
    expect(kept.filter((became) => became === 'variants')).toHaveLength(100 - MOST_VARIANTS);
    const [stats] = await cache.stats();
    expect(stats!.items).toBe(STAMPS + MOST_VARIANTS + 1);
  });

  it('keeps no more variants when many are kept at once [K7]', async () => {
    for (const round of [0, 1, 2, 3]) {
      await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          keep('page', head('Accept-Language', `${round}-${index}`), ['accept-language']),
        ),
      );
    }

    const [stats] = await cache.stats();
    expect(stats!.items).toBe(STAMPS + MOST_VARIANTS + 1);
  });

  it('lets no more pages wait than there may be variants, if the cache hangs', async () => {
    const kept = await Promise.all(Array.from({ length: 100 }, () => keep('page', french, [])));

    expect(kept.filter((became) => became === 'stored')).toHaveLength(MOST_VARIANTS);
    expect(kept.filter((became) => became === 'crowded')).toHaveLength(100 - MOST_VARIANTS);
    expect(await keep('later', french, [])).toBe('stored');
    expect(await found(german)).toBe('later');
  });

  it('replaces a variant when there are as many as may be', async () => {
    for (let index = 0; index < MOST_VARIANTS; index += 1) {
      await keep('old', head('Accept-Language', String(index)), ['accept-language']);
    }

    expect(await keep('new', head('Accept-Language', '3'), ['accept-language'])).toBe('stored');
    expect(await found(head('Accept-Language', '3'))).toBe('new');
  });

  it('takes the place of expired variants again', async () => {
    for (let index = 0; index < MOST_VARIANTS; index += 1) {
      const ttl = index === 0 ? 600 : 60;
      await keep('old', head('Accept-Language', String(index)), ['accept-language'], ttl);
    }
    clock.advance(60);

    expect(await keep('new', head('Accept-Language', 'x'), ['accept-language'])).toBe('stored');
    expect(await found(head('Accept-Language', '0'))).toBe('old');
  });

  it('finds a variant as long as it lives, though others came later and live shorter', async () => {
    await keep('long', french, ['accept-language'], 600);
    await keep('short', german, ['accept-language'], 10);

    clock.advance(599);

    expect(await found(french)).toBe('long');
    expect(await found(german)).toBeUndefined();
  });

  it('takes no value of a service for a page, whatever its bytes [W10 T5]', async () => {
    const bytes = encodePage(KEY, page('<script>evil()</script>'));
    for (const value of [bytes, bytes.toString('latin1'), { bytes }, { page: page('evil') }]) {
      await cache.set(KEY, value);

      expect(await found(french)).toBeUndefined();
    }
  });

  it('takes a page that lies under the key of another for none', async () => {
    await keep('page', french, []);
    const moved = await cache.get(KEY);
    await cache.set('page:other', moved);

    expect(await store.find({ ...PLACE, key: 'page:other' }, french)).toEqual({
      key: 'page:other',
    });
  });

  it('says so if the cache does not store it', async () => {
    const full = await createCache({ options: { maxBytes: 1024, maxEntries: 10 } });
    const small = new PageStore(full);
    const large = page('x'.repeat(2000));

    const held = await small.holdTags(PLACE.tags);

    expect(await small.keep(PLACE, french, large, { vary: [], held })).toBe('cache-failed');
    await full.close();
  });

  it('rejects as the cache does, and goes on afterwards', async () => {
    const closed = await createCache({});
    const broken = new PageStore(closed);
    const held = await broken.holdTags(PLACE.tags);
    await closed.close();

    await expect(broken.find(PLACE, french)).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
    await expect(broken.keep(PLACE, french, page('x'), { vary: [], held })).rejects.toMatchObject({
      code: 'CACHE_CLOSED',
    });
  });
});
