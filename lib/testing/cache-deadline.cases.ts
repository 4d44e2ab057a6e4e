import { expectEqual, expectRejection, expectTrue } from './assertions.js';
import type { CacheCase } from './cache-case.js';
import { heldLoad } from './held-load.js';

const OVERDUE = { name: 'CacheLoadTimeoutError', code: 'CACHE_LOAD_TIMEOUT' };
const never = (): Promise<string> => new Promise(() => {});

/** How long `getOrSet()` waits. */
export const deadlineCases: readonly CacheCase[] = [
  {
    title: 'a load that does not end in its time fails all who wait, and the next begins at once',
    run: async ({ cache }) => {
      const options = { timeout: 100, hardTimeout: '20ms' } as const;

      const [first, second] = await Promise.allSettled([
        cache.getOrSet('key', never, options),
        cache.getOrSet('key', never, options),
      ]);

      for (const each of [first, second]) {
        const reason = each.status === 'rejected' ? (each.reason as { code?: unknown }) : {};
        expectEqual(reason.code, 'CACHE_LOAD_TIMEOUT', 'the code of the error');
      }
      expectEqual(await cache.getOrSet('key', () => 'works', 100), 'works', 'the next call');
    },
  },
  {
    title: 'what a load brings after its time is not stored',
    run: async ({ cache }) => {
      const { load, begun, end } = heldLoad('late');
      const call = (): Promise<string> => cache.getOrSet('key', load, { hardTimeout: '20ms' });
      await expectRejection(call, OVERDUE, 'getOrSet()');
      await begun;

      end();
      await new Promise((resolve) => setImmediate(resolve));

      expectEqual(await cache.get('key'), undefined, 'get()');
    },
  },
  {
    title: 'the signal of a loader is aborted when its time is over, and not before',
    run: async ({ cache }) => {
      let signal: AbortSignal | undefined;
      const load = (context: { readonly signal: AbortSignal }): Promise<string> => {
        signal = context.signal;
        expectEqual(signal.aborted, false, 'aborted at first');
        return never();
      };

      await expectRejection(
        () => cache.getOrSet('key', load, { hardTimeout: '20ms' }),
        OVERDUE,
        'getOrSet()',
      );

      expectEqual(signal?.aborted, true, 'aborted');
    },
  },
  {
    title: 'a signal lets one caller go, and the load goes on for the others',
    needs: ['storage'],
    run: async ({ cache }) => {
      const { load, begun, end } = heldLoad('value');
      const reason = new Error('the client has gone');
      const leaving = new AbortController();
      const first = cache.getOrSet('key', load, { timeout: 100, signal: leaving.signal });
      const outcome = first.catch((error: unknown) => error);
      const second = cache.getOrSet('key', load, 100);
      await begun;

      leaving.abort(reason);
      const left = await outcome;
      end();

      expectTrue(left === reason, 'who left gets the reason of the signal');
      expectEqual(await second, 'value', 'who stayed');
      expectEqual(await cache.get('key'), 'value', 'get()');
    },
  },
  {
    title: 'a load is stopped when all who waited have left, and the next begins anew',
    run: async ({ cache }) => {
      const callers = [new AbortController(), new AbortController()];
      const aborted: boolean[] = [];
      const { load, begun } = heldLoad('of nobody');
      const calls = callers.map(({ signal }) =>
        cache
          .getOrSet(
            'key',
            (context) => {
              context.signal.addEventListener('abort', () => aborted.push(true));
              return load();
            },
            { signal },
          )
          .catch((error: Error) => error.name),
      );
      await begun;

      callers[0]!.abort();
      expectEqual(await calls[0], 'AbortError', 'the first');
      expectEqual(aborted, [], 'the loader, while one waits');
      callers[1]!.abort();
      expectEqual(await calls[1], 'AbortError', 'the second');

      expectEqual(aborted, [true], 'the loader, when nobody waits');
      expectEqual(await cache.getOrSet('key', () => 'next', 100), 'next', 'the next call');
    },
  },
  {
    title: 'a signal that is aborted already is told before anything is read',
    run: async ({ cache }) => {
      let calls = 0;
      const load = (): number => (calls += 1);

      await expectRejection(
        () => cache.getOrSet('key', load, { signal: AbortSignal.abort() }),
        { name: 'AbortError' },
        'getOrSet()',
      );

      expectEqual(calls, 0, 'how often it was called');
    },
  },
  ...[0, -1, Number.NaN, '1 minute', {}].map((hardTimeout): CacheCase => ({
    title: `a hardTimeout of ${JSON.stringify(hardTimeout)} is a TypeError`,
    run: async ({ cache }) => {
      await expectRejection(
        () => cache.getOrSet('key', 1, { hardTimeout: hardTimeout as number }),
        { name: 'TypeError' },
        'getOrSet()',
      );
    },
  })),
];
