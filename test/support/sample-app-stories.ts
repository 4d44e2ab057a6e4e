import { expect, it } from '@jest/globals';
import type { CacheService } from 'nestjs-cache-framework';
import type { WatchedPage } from './browser.js';
import { StoryCard } from './sample-app.js';

/** The page of one running sample application, and a way into the cache it uses. */
export interface StoriesUnderTest {
  readonly open: () => Promise<WatchedPage>;
  /** The application's default cache, for what a visitor is not told: the text of a captcha. */
  readonly cache: () => CacheService;
}

/** Registers one `it` for each story, clicked through in a browser. They hold on every backend. */
export function storiesWork({ open, cache }: StoriesUnderTest): void {
  it('a captcha that is solved once cannot be used again', async () => {
    const { page, problems, refused } = await open();
    const captcha = new StoryCard(page, 'captcha');
    const id = await page.locator('#captcha').getAttribute('data-captcha');
    const text = (await cache().get<string>(`captcha:${id}`)) ?? '';

    await captcha.fill('answer', text.toLowerCase());
    const first = await captcha.press('Check');
    const second = await captcha.press('Check');

    expect(text).toMatch(/^[A-Z347]{5}$/);
    expect(first).toMatchObject({ badge: 'HIT', text: 'Right! It is used up now.' });
    expect(second).toMatchObject({
      badge: 'MISS',
      text: expect.stringContaining('No such captcha'),
    });
    expect([problems, refused]).toEqual([[], []]);
  });

  it('a captcha takes three wrong answers and is gone before the fourth', async () => {
    const { page } = await open();
    const captcha = new StoryCard(page, 'captcha');
    const seen = [];

    await captcha.fill('answer', 'WRONG');
    for (let guess = 1; guess <= 4; guess++) seen.push(await captcha.press('Check'));

    expect(seen).toMatchObject([
      { badge: 'HIT', text: 'Wrong. 2 tries left.' },
      { badge: 'HIT', text: 'Wrong. 1 try left.' },
      { badge: 'HIT', text: 'Wrong. 0 tries left.' },
      { badge: 'MISS', text: 'No such captcha any more: its time or its tries are over.' },
    ]);
  });

  it('a captcha is a new picture each time, drawn without text in it', async () => {
    const { page } = await open();
    const captcha = new StoryCard(page, 'captcha');
    const picture = captcha.find('.picture');

    const before = decodeURIComponent((await picture.getAttribute('src')) ?? '');
    const made = await captcha.press('New picture');
    const after = decodeURIComponent((await picture.getAttribute('src')) ?? '');

    expect(made).toMatchObject({ badge: 'SET', text: 'Kept for 120 s and 3 tries.' });
    expect(before).toMatch(/^data:image\/svg\+xml,<svg .*<path /);
    expect(after).not.toBe(before);
    expect(after).not.toContain('<text');
    // The browser could draw it.
    expect(
      await picture.evaluate(
        (image) => (image as unknown as { naturalWidth: number }).naturalWidth,
      ),
    ).toBe(240);
  });

  it('an SMS code verifies a number, and the next one has to wait a minute', async () => {
    const { page, problems, refused } = await open();
    const sms = new StoryCard(page, 'sms');
    await sms.fill('phone', '+420 111 222');

    const sent = await sms.press('Send a code');
    const code = /\d{6}/.exec(await sms.find('.message').innerText())?.[0] ?? '';
    const again = await sms.press('Send a code');
    await sms.fill('code', code === '000000' ? '000001' : '000000');
    const wrong = await sms.press('Check');
    await sms.fill('code', code);
    const right = await sms.press('Check');
    const used = await sms.press('Check');

    expect(sent).toMatchObject({ badge: 'SENT', text: 'The next code may be sent in 60 s.' });
    expect(again.badge).toBe('NO');
    expect(again.text).toMatch(
      /^A code was sent a moment ago\. The next one may be sent in \d+ s\.$/,
    );
    expect(wrong).toMatchObject({ badge: 'HIT', text: 'Wrong. 2 tries left.' });
    expect(right).toMatchObject({ badge: 'HIT', text: 'Your number is verified.' });
    expect(used.badge).toBe('MISS');
    expect([problems, refused]).toEqual([[], ['429 POST /sms']]);
  });

  it('an SMS code is gone after three wrong tries', async () => {
    const { page } = await open();
    const sms = new StoryCard(page, 'sms');
    await sms.fill('phone', '+420 333 444');
    await sms.press('Send a code');
    const code = /\d{6}/.exec(await sms.find('.message').innerText())?.[0] ?? '';

    await sms.fill('code', code === '000000' ? '000001' : '000000');
    for (let guess = 1; guess <= 3; guess++) await sms.press('Check');
    await sms.fill('code', code);
    const right = await sms.press('Check');

    expect(right).toMatchObject({
      badge: 'MISS',
      text: expect.stringContaining('There is no code'),
    });
  });

  it('a login is a session in the cache until the visitor logs out', async () => {
    const { page, problems, refused } = await open();
    const session = new StoryCard(page, 'session');

    const stranger = await session.press('Who am I?');
    await session.fill('password', 'guess');
    const wrong = await session.press('Log in');
    await session.fill('password', 'cache');
    const login = await session.press('Log in');
    const known = await session.press('Who am I?');
    const [cookie] = await page.context().cookies(new URL('/session', page.url()).href);
    const logout = await session.press('Log out');
    const after = await session.press('Who am I?');

    expect(stranger).toMatchObject({ badge: 'MISS', text: 'Nobody is logged in.' });
    expect(wrong).toMatchObject({ badge: 'NO', text: 'Wrong password. It is "cache".' });
    expect(login).toMatchObject({ badge: 'SET', text: expect.stringContaining('Hello, Anna.') });
    expect(known).toMatchObject({
      badge: 'HIT',
      text: expect.stringMatching(/^You are Anna, logged in since \d/),
    });
    expect(cookie).toMatchObject({
      name: 'sid',
      httpOnly: true,
      sameSite: 'Lax',
      path: '/session',
    });
    expect(cookie?.value).toMatch(/^[\w-]{43}$/);
    expect(logout.badge).toBe('DELETED');
    expect(after.badge).toBe('MISS');
    expect([problems, refused]).toEqual([[], ['401 POST /session']]);
  });

  it('a slow query runs once, also for ten at once, until its result is forgotten', async () => {
    const { page, problems, refused } = await open();
    const report = new StoryCard(page, 'report');
    await report.find('select').selectOption('Prague');

    await report.press('Forget it');
    const first = await report.press('Ask');
    const second = await report.press('Ask');
    const forgotten = await report.press('Forget it');
    const crowd = await report.press('Ten at once');
    const crowdAgain = await report.press('Ten at once');

    expect(first.badge).toBe('MISS');
    expect(second.badge).toBe('HIT');
    expect(second.text).toBe(first.text);
    expect(await report.find('tbody tr').count()).toBe(5);
    expect(forgotten).toMatchObject({ badge: 'DELETED', text: 'The next one asks the table.' });
    expect(crowd).toMatchObject({ badge: 'MISS', text: 'Ten asked at once; the query ran once.' });
    expect(crowdAgain).toMatchObject({
      badge: 'HIT',
      text: 'Ten asked at once; the query ran not at all.',
    });
    expect([problems, refused]).toEqual([[], []]);
  });

  it('a cached page is made once and keeps its time until it is cleared', async () => {
    const { page, problems, refused } = await open();
    const news = new StoryCard(page, 'news');
    const facts = async () => ({
      state: await news.find('[data-fact=x-cache]').innerText(),
      age: await news.find('[data-fact=age]').innerText(),
      made: await news.find('[data-fact=made]').innerText(),
    });

    await page.getByRole('button', { name: 'Clear the cache' }).click();
    await page.locator('#clear-note:not(:empty)').waitFor();
    const first = await news.press('Load the page');
    const made = await facts();
    const second = await news.press('Load the page');
    const kept = await facts();

    expect(first).toMatchObject({
      badge: 'MISS',
      text: expect.stringMatching(/^The handler ran\. /),
    });
    expect(second).toMatchObject({
      badge: 'HIT',
      text: expect.stringMatching(/^The handler did not run\. /),
    });
    expect(made).toMatchObject({ state: 'MISS', made: expect.stringMatching(/^\d\d:\d\d:\d\d$/) });
    expect(kept).toMatchObject({
      state: 'HIT',
      age: expect.stringMatching(/^\d+ s$/),
      made: made.made,
    });
    expect([problems, refused]).toEqual([[], []]);
  });

  it('a hundred who ask at once get what one of them loads', async () => {
    const { page, problems, refused } = await open();
    const rates = new StoryCard(page, 'rates');
    const kinds = () =>
      rates
        .find('.crowd i')
        .evaluateAll((crowd) =>
          crowd.map((visitor) => (visitor as { dataset: { kind?: string } }).dataset.kind),
        );
    await cache().delete('rates');

    const first = await rates.press('A hundred ask');
    const seen = await kinds();
    const second = await rates.press('A hundred ask');
    const seenThen = await kinds();
    const forgotten = await rates.press('Forget it');

    expect(first).toMatchObject({
      badge: 'MISS',
      text: expect.stringMatching(/^A hundred asked, one load\. All had it in \d+ ms\.$/),
    });
    expect(seen).toHaveLength(100);
    expect(seen.filter((kind) => kind === 'miss')).toHaveLength(1);
    expect(seen.filter((kind) => kind === 'waited' || kind === 'hit')).toHaveLength(99);
    expect(second).toMatchObject({
      badge: 'HIT',
      text: expect.stringMatching(/^A hundred asked, nobody had to load\./),
    });
    expect(seenThen).toEqual(Array.from({ length: 100 }, () => 'hit'));
    expect(forgotten).toMatchObject({ badge: 'DELETED', text: 'The next one asks the bank.' });
    expect([problems, refused]).toEqual([[], []]);
  });

  it('a picture comes back from the cache byte by byte', async () => {
    const { page, problems, refused } = await open();
    const images = new StoryCard(page, 'images');
    const picture = images.find('.picture');

    await images.press('Ember');
    await images.press('Forget it');
    const drawn = await images.press('Ember');
    const kept = await images.press('Ember');

    expect(drawn).toMatchObject({
      badge: 'MISS',
      text: expect.stringMatching(/^[\d,]{6,} bytes, equal/),
    });
    expect(kept).toMatchObject({ badge: 'HIT', text: drawn.text });
    await expect(picture.getAttribute('alt')).resolves.toBe('The picture "ember"');
    expect(
      await picture.evaluate(
        (image) => (image as unknown as { naturalWidth: number }).naturalWidth,
      ),
    ).toBe(480);
    expect([problems, refused]).toEqual([[], []]);
  });

  it('a counter loses no vote of twenty at once', async () => {
    const { page, problems, refused } = await open();
    const votes = new StoryCard(page, 'votes');
    const tea = votes.find('[data-count=tea]');
    const before = Number(await tea.innerText());

    const twenty = await votes.press('Twenty votes for tea at once');
    await page.getByRole('button', { name: 'Vote for tea', exact: true }).click();
    const given = await votes.shown();
    await page.getByRole('button', { name: 'Take back a vote for tea' }).click();
    const takenBack = await votes.shown();

    expect(twenty.text).toBe(`From ${before} to ${before + 20}: exactly 20 more.`);
    expect(given).toMatchObject({ badge: '+1', text: `${before + 21} for tea.` });
    expect(takenBack).toMatchObject({ badge: '−1', text: `${before + 20} for tea.` });
    expect(await tea.innerText()).toBe(String(before + 20));
    expect([problems, refused]).toEqual([[], []]);
  });

  it('every visit of the page counts one view', async () => {
    const { page } = await open();
    const views = async () => Number(/\d+$/.exec(await page.locator('#views').innerText())?.[0]);

    const before = await views();
    await page.reload();
    await page.locator('main[aria-busy="false"]').waitFor();

    expect(await views()).toBe(before + 1);
  });

  it('a lock has one winner, and only the winner gives it back', async () => {
    const { page, problems, refused } = await open();
    const lock = new StoryCard(page, 'lock');
    await cache().delete('lock:report');

    const both = await lock.press('Both at once');
    const winner = /(Anna|Ben) won/.exec(both.text)?.[1] ?? '';
    const loser = winner === 'Anna' ? 'Ben' : 'Anna';
    const late = await lock.press(`${loser} takes it`);
    const holder = await lock.find('.who').innerText();
    const released = await lock.press('Give it back');
    const taken = await lock.press(`${loser} takes it`);

    expect(both).toMatchObject({ badge: 'WON', text: `Both asked, ${winner} won.` });
    expect(late).toMatchObject({ badge: 'LOST', text: `${loser} came too late.` });
    expect(holder).toMatch(new RegExp(`^${winner} has the lock, \\d+ s left\\.$`));
    expect(released).toMatchObject({ badge: 'FREE', text: `${winner} gave it back.` });
    expect(taken).toMatchObject({ badge: 'WON', text: `${loser} has the lock.` });
    expect([problems, refused]).toEqual([[], []]);
  });

  it('six keys are stored, read and partly deleted with one call each', async () => {
    const { page, problems, refused } = await open();
    const prices = new StoryCard(page, 'prices');

    const stored = await prices.press('Store all six');
    const all = await prices.press('Read all six');
    const deleted = await prices.press('Delete three');
    const rest = await prices.press('Read all six');

    expect(stored).toMatchObject({ badge: 'SET', text: '6 keys stored with one call.' });
    expect(all).toMatchObject({ badge: 'HIT', text: '6 of 6 found.' });
    expect(deleted).toMatchObject({ badge: 'DELETED', text: '3 of 3 were there.' });
    expect(rest).toMatchObject({ badge: 'HIT', text: '3 of 6 found.' });
    expect(await prices.find('.prices li').allInnerTexts()).toEqual([
      'bread\nmiss',
      'butter\n2.90',
      'honey\nmiss',
      'olives\n4.10',
      'tea\nmiss',
      'wine\n11.90',
    ]);
    expect([problems, refused]).toEqual([[], []]);
  });

  it('clearing the cache forgets the prices and keeps the session', async () => {
    const { page, problems, refused } = await open();
    const session = new StoryCard(page, 'session');
    const prices = new StoryCard(page, 'prices');
    await session.press('Log in');
    await prices.press('Store all six');

    await page.getByRole('button', { name: 'Clear the cache' }).click();
    await page.locator('#clear-note:not(:empty)').waitFor();

    expect(await prices.press('Read all six')).toMatchObject({
      badge: 'MISS',
      text: '0 of 6 found.',
    });
    expect(await session.press('Who am I?')).toMatchObject({ badge: 'HIT' });
    expect([problems, refused]).toEqual([[], []]);
  });

  it('the servers tell their figures', async () => {
    const { page, problems, refused } = await open();
    const stats = new StoryCard(page, 'stats');

    const told = await stats.press('Ask again');

    expect(told.badge).toBe('UP');
    expect(await stats.find('thead th').allInnerTexts()).toEqual([
      'server',
      'state',
      'items',
      'bytes',
      'hits',
      'misses',
      'evictions',
    ]);
    expect(await stats.find('tbody tr td:nth-child(2)').allInnerTexts()).not.toContain('down');
    expect([problems, refused]).toEqual([[], []]);
  });
}
