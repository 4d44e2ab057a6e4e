import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Careless, part, pathWith } from './careless.controller.js';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';

describe.each(PLATFORMS)('the response cache is safe about answers, on %s', (platform) => {
  let http: HttpApp;

  beforeAll(async () => {
    http = await startController(platform, Careless);
  });

  afterAll(async () => {
    await http.close();
  });

  async function handlerRunsTwice(path: string): Promise<void> {
    const stored = http.stored();
    const first = await http.ask(path);
    const second = await http.ask(path);

    expect([part(second, 'run'), second.cache]).toEqual([
      (part(first, 'run') as number) + 1,
      'BYPASS',
    ]);
    expect(http.stored()).toBe(stored);
  }

  describe('about what an answer says', () => {
    it.each([
      ['Set-Cookie: sid=1', 'H4'],
      ['Cache-Control: NO-STORE', 'H6'],
      ['Cache-Control: max-age=60 , no-store', 'H6'],
      ['Cache-Control: private', 'W4 H7'],
      ['Cache-Control: Private', 'H7'],
      ['Cache-Control: private="x"', 'H7'],
      ['Cache-Control: private=""', 'H7'],
      ['Cache-Control: private , private="a"', 'H7'],
      ['Cache-Control: private = "authorization"', 'H7'],
      ['Cache-Control: private=" authorization"', 'H7'],
      ['Cache-Control: no-cache, max-age=60', 'H8'],
      ['Cache-Control: no-cache="a", max-age=60', 'H8'],
      ['Cache-Control: max-age=abc', 'H9'],
      ['Cache-Control: max-age=-1', 'H9'],
      ['Cache-Control: max-age="60"', 'H9'],
      ['Cache-Control: max-age=60, max-age=0', 'H9'],
      ['Cache-Control: no-cache="a, no-store', 'H9'],
      ['Vary: *', 'H10'],
      ['Vary: Accept, *', 'H10'],
      ['Vary: co okie', 'H12'],
      ["Content-Security-Policy: script-src 'nonce-abc'", 'V3'],
      ['Access-Control-Allow-Origin: https://a.example', 'V2'],
      ['WWW-Authenticate: Basic', 'V1'],
      ['Content-Range: bytes 0-0/10', 'H15'],
      ['Expires: 0', 'H9'],
    ])('stores none that says %s [%s]', async (line) => {
      await handlerRunsTwice(pathWith(line));
    });

    it('stores none that says no-store in the second of two lines [H6]', async () => {
      await handlerRunsTwice(pathWith('Cache-Control: max-age=60', 'Cache-Control: no-store'));
    });

    it.each([201, 206, 302, 307, 400, 401, 403, 404, 410, 412, 429, 431, 500, 503])(
      'stores no %d [H14]',
      async (status) => {
        await handlerRunsTwice(`${pathWith('Cache-Control: public, max-age=60')}&status=${status}`);
      },
    );

    it('keeps nothing of a hop, of a connection or of a trace [V1]', async () => {
      const path = pathWith(
        'Connection: X-Hop',
        'X-Hop: 1',
        'X-Request-Id: 1',
        'RateLimit-Limit: 1',
        'X-End: 1',
      );
      await http.ask(path);

      const hit = await http.ask(path);

      expect(hit.cache).toBe('HIT');
      expect(hit.headers['x-end']).toBe('1');
      for (const name of ['x-hop', 'x-request-id', 'ratelimit-limit']) {
        expect(hit.headers).not.toHaveProperty(name);
      }
    });
  });

  describe('about what varies', () => {
    it('keeps one page for each language [W3]', async () => {
      const path = pathWith('Vary: Accept-Language');
      const inLanguage = async (language: string): Promise<unknown[]> => {
        const answer = await http.ask(path, { headers: { 'Accept-Language': language } });
        return [answer.cache, part(answer, 'language')];
      };

      expect(await inLanguage('fr')).toEqual(['MISS', 'fr']);
      expect(await inLanguage('de')).toEqual(['MISS', 'de']);
      expect(await inLanguage('fr')).toEqual(['HIT', 'fr']);
      expect(await inLanguage('de')).toEqual(['HIT', 'de']);
    });

    it.each<[string, string, object, object]>([
      ['missing and empty', 'Vary: X-A', {}, { 'X-A': '' }],
      [
        'ab and c from a and bc',
        'Vary: X-A, X-B',
        { 'X-A': 'ab', 'X-B': 'c' },
        { 'X-A': 'a', 'X-B': 'bc' },
      ],
      ['a value here from there', 'Vary: X-A, X-B', { 'X-A': 'x' }, { 'X-B': 'x' }],
      ['one line from two', 'Vary: X-A', { 'X-A': 'a, b' }, { 'X-A': ['a', 'b'] }],
      ['spelt with blanks', 'Vary:  X-A ', { 'X-A': 'a' }, { 'X-A': 'b' }],
    ])('tells apart %s [H12 H13]', async (_what, line, one, other) => {
      const path = pathWith(line);
      const first = await http.ask(path, { headers: one as never });

      const second = await http.ask(path, { headers: other as never });
      const again = await http.ask(path, { headers: one as never });

      expect(second.cache).toBe('MISS');
      expect(again).toMatchObject({ cache: 'HIT', body: first.body });
    });

    it('keeps at most 32 pages of a URL, whatever the clients send [K7]', async () => {
      const path = pathWith('Vary: Accept-Language');
      const stored = http.stored();
      for (let index = 0; index < 60; index += 1) {
        await http.ask(path, { headers: { 'Accept-Language': `x-${index}` } });
      }

      // 32 pages, and the list of them as often.
      expect(http.stored()).toBe(stored + 64);
    });

    it('gives each origin its own answer if the handler names one [V2]', async () => {
      const path = pathWith('Access-Control-Allow-Origin: https://a.example', 'Vary: Origin');
      await http.ask(path, { headers: { Origin: 'https://a.example' } });

      const other = await http.ask(path, { headers: { Origin: 'https://b.example' } });
      const same = await http.ask(path, { headers: { Origin: 'https://a.example' } });

      expect([other.cache, same.cache]).toEqual(['MISS', 'HIT']);
    });
  });
});
