import { afterEach, expect, it } from '@jest/globals';
import { Controller, Get, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { startController, type HttpApp } from './http-app.js';
import { describeOnGrounds, pageGround, type PageGround } from './page-grounds.js';
import { play, type Act, type Ask } from './security-sequence.js';
import { startStage } from './security-stage.js';

const URLS = process.env['HEAVY'] ? 1_000_000 : 1_500;
const MOST = 512;
const CLIENTS = 20;

const MINUTE = 'Cache-Control: max-age=60';

const page = (path: string, gets: Ask['gets']): Ask => ({ path, gets });

describeOnGrounds('pages that are larger than may be', (platform, backend) => {
  it.each([1, CLIENTS])(
    'reach who asks for them and push no other page out, for %d at once [T14]',
    async (clients) => {
      const stage = await startStage(platform, backend, { maxEntryBytes: 512 << 10 });
      const small = Array.from({ length: 10 }, (_, index) => `/small-${index}`);

      await play(
        stage,
        {
          title: 'T14',
          answers: ({ url }) => ({
            lines: [MINUTE],
            shows: url.includes('/large') ? 'x'.repeat(600 << 10) : url,
          }),
          steps: [
            ...small.map((path) => page(path, 'once')),
            page('/large', 'own'),
            page('/large', 'own'),
            ...small.map((path, index) => page(path, { of: index })),
          ],
          stores: small.length,
        },
        clients,
      );
      await stage.close();
    },
  );
});

describeOnGrounds(
  'a flood of URLs',
  (platform, backend) => {
    it('takes no more entries than there may be, whoever asks [T13]', async () => {
      const stage = await startStage(platform, backend, { maxEntries: MOST });
      const counts: number[] = [];
      const counted: Act = async ({ ground, http }) => {
        counts.push(await ground.entries(http.cache));
      };
      const flood = Array.from({ length: URLS / CLIENTS }, (_, round) => ({
        path: (client: number) => `?round=${round}&client=${client}`,
        gets: 'own' as const,
      }));

      await play(
        stage,
        {
          title: 'T13',
          answers: () => ({ lines: [MINUTE] }),
          steps: flood.flatMap((ask, round) => (round % 5 === 4 ? [ask, counted] : [ask])),
        },
        CLIENTS,
      );
      await stage.close();

      expect(Math.max(...counts)).toBeGreaterThan(MOST / 2);
      expect(counts.filter((count) => count > MOST)).toEqual([]);
    });
  },
  ['memory', 'file'],
);

let runs = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
class Tenant {
  @Get('page')
  page(): object {
    return { run: ++runs };
  }
}

const PAIRS = [
  ['', 'a'],
  ['a', 'a:b'],
  ['a', 'ab'],
  ['a:', 'a'],
  ['tenant', 'Tenant'],
  ['page', 'page:page'],
] as const;

describeOnGrounds(
  'two applications with prefixes of their own on one store',
  (platform, backend) => {
    let ground: PageGround | undefined;
    let tenants: HttpApp[] = [];

    afterEach(async () => {
      for (const tenant of tenants) await tenant.close();
      await ground?.remove();
      tenants = [];
    });

    it.each(PAIRS)(
      'have pages of their own, and clear no others: "%s" and "%s" [T16]',
      async (...pair) => {
        ground = await pageGround(backend);
        for (const keyPrefix of pair) {
          const cache = { ...ground.options, keyPrefix };
          tenants.push(await startController(platform, Tenant, { cache }));
        }
        const ask = async (index: number): Promise<string> => {
          const { body } = await tenants[index]!.ask('/page', { headers: { Host: 'a.example' } });
          await ground!.watch.isQuiet();
          return body;
        };

        const [one, other] = [await ask(0), await ask(1)];
        const again = [await ask(0), await ask(1)];
        await tenants[0]!.cache.clear();
        const [anew, kept] = [await ask(0), await ask(1)];

        expect(one).not.toBe(other);
        expect(again).toEqual([one, other]);
        expect(kept).toBe(other);
        expect([one, other]).not.toContain(anew);
      },
    );
  },
  ['file', 'memcached'],
);
