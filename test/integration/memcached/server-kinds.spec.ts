import { mkdtemp, rm, chmod } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../lib/core/clock.js';
import { describeWithMemcached, memcachedServers, rawCommand } from '../../support/memcached.js';
import { PATIENT, openedBackends, text, textOf } from '../../support/memcached-backends.js';
import { CLIENTS } from '../../support/suite-memcached.js';

const backends = openedBackends(PATIENT);
const DAY = 86_400;

afterEach(async () => {
  await backends.close();
  backends.reports.length = 0;
});

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('the memcached backend on servers of other kinds', () => {
    const servers = memcachedServers();

    afterEach(() => servers.stop());

    it('follows the item size of a server started with -I', async () => {
      const server = await servers.start(['-I', '2m']);
      const backend = await backends.open({ client, location: server.address });

      expect(await backend.set('key', text('x'.repeat(1_500_000)), null)).toBe(true);
      expect(await backend.set('key', text('x'.repeat(2_500_000)), null)).toBe(false);
      expect(await backend.get('key')).toBeUndefined();
    });

    it('leaves no old value where the server itself refuses a size below the usual', async () => {
      const server = await servers.start(['-I', '512k']);
      const backend = await backends.open({ client, location: server.address });
      await backend.set('key', text('old'), null);

      expect(await backend.set('key', text('x'.repeat(700_000)), null)).toBe(false);
      expect(await backend.get('key')).toBeUndefined();
    });

    it('sends nothing larger than maxItemBytes', async () => {
      const server = await servers.start();
      const backend = await backends.open({ client, location: server.address, maxItemBytes: 2048 });
      await backend.set('key', text('old'), null);

      expect(await backend.set('key', text('x'.repeat(2048)), null)).toBe(false);
      expect(await backend.get('key')).toBeUndefined();
    });

    it('refuses to lower a counter on a server without CAS', async () => {
      const server = await servers.start(['-C']);
      const backend = await backends.open({ client, location: server.address });
      await backend.set('counter', { flags: 2, data: '5' }, null);

      expect(await backend.incr('counter', 1)).toBe(6);
      await expect(backend.incr('counter', -1)).rejects.toMatchObject({
        code: 'CACHE_UNSUPPORTED',
        message: expect.stringContaining('Start the server without "-C"'),
      });
    });

    it('is not disturbed by a server that closes idle connections', async () => {
      const server = await servers.start(['-o', 'idle_timeout=1']);
      const backend = await backends.open({ client, location: server.address });
      await backend.set('key', text('value'), null);

      const isClosed = async (): Promise<boolean> =>
        /idle_kicks [1-9]/.test(await rawCommand(server.port, 'stats'));
      while (!(await isClosed())) await sleep(100);

      expect(textOf(await backend.get('key'))).toBe('value');
      expect(backends.reports).toEqual([]);
    });

    it('speaks over a unix socket', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'memcached-'));
      await chmod(directory, 0o777);
      const path = join(directory, 'memcached.sock');
      await servers.start(['-s', path, '-a', '777']);
      const backend = await backends.open({ client, location: `unix:${path}` });

      await backend.set('key', text('value'), null);

      expect(textOf(await backend.get('key'))).toBe('value');
      expect(backend.description).toBe(`memcached unix:${path}`);
      await rm(directory, { recursive: true });
    });

    const hasIpv6 = Object.values(networkInterfaces())
      .flat()
      .some((face) => face?.address === '::1');

    (hasIpv6 ? it : it.skip)(
      `speaks over IPv6${hasIpv6 ? '' : ' (skipped: no ::1 here)'}`,
      async () => {
        const server = await servers.start(['-l', '::1']);
        const backend = await backends.open({ client, location: `[::1]:${server.port}` });

        await backend.set('key', text('value'), null);

        expect(textOf(await backend.get('key'))).toBe('value');
      },
    );

    it('settles what is in flight when it is closed, and refuses what comes after', async () => {
      const server = await servers.start();
      const backend = await backends.open({ client, location: server.address });

      const sets = Promise.all(
        Array.from({ length: 100 }, (_, index) => backend.set(`k${index}`, text('value'), null)),
      );
      await backend.close();

      expect(await sets).toEqual(Array(100).fill(true));
      await expect(backend.get('key')).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
      await backend.close();
    });

    it('reads dates of expiry from the clock it is given', async () => {
      const server = await servers.start();
      const aDayAhead = { now: () => systemClock.now() + DAY * 1000 };
      const backend = await backends.open(
        { client, location: server.address },
        { clock: aDayAhead },
      );

      await backend.set('key', text('value'), 40 * DAY);

      const left = Number(/t(\d+)/.exec(await rawCommand(server.port, 'mg key t'))![1]);
      expect(Math.abs(left - 41 * DAY)).toBeLessThanOrEqual(2);
    });
  });
});
