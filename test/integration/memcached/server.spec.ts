import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  describeWithMemcached,
  rawCommand,
  startMemcached,
  type MemcachedServer,
} from '../../support/memcached.js';
import {
  PATIENT,
  openedBackends,
  text,
  textOf,
  type OpenedBackend,
} from '../../support/memcached-backends.js';
import { CLIENTS } from '../../support/suite-memcached.js';

const backends = openedBackends(PATIENT);
const DAY = 86_400;
// memjs takes longer for each.
const BURST = { meta: 40_000, memjs: 20_000 };

afterEach(async () => {
  await backends.close();
  backends.reports.length = 0;
});

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('the memcached backend on a server', () => {
    let server: MemcachedServer;
    let backend: OpenedBackend;

    beforeAll(async () => {
      server = await startMemcached();
    });
    afterAll(() => server.stop());
    beforeEach(async () => {
      await rawCommand(server.port, 'flush_all');
      backend = await backends.open({ client, location: server.address });
    });

    /** The seconds that the server gives the item; -1 for ever. */
    async function secondsLeft(key: string): Promise<number> {
      return Number(/t(-?\d+)/.exec(await rawCommand(server.port, `mg ${key} t`))![1]);
    }

    it('stores under the final key itself, with the flags of the payload', async () => {
      await backend.set(':1:text', text('zhiliao'), 100);
      await backend.set(':1:number', { flags: 2, data: '42' }, 100);
      await backend.set(':1:bytes', { flags: 0, data: Buffer.from([65, 0, 66]) }, null);

      expect(await rawCommand(server.port, 'mg :1:text v f t')).toBe(
        'VA 7 f16 t100\r\nzhiliao\r\n',
      );
      expect(await rawCommand(server.port, 'mg :1:number v f')).toBe('VA 2 f2\r\n42\r\n');
      expect(await rawCommand(server.port, 'mg :1:bytes v f t')).toBe('VA 3 f0 t-1\r\nA\0B\r\n');
    });

    it('gives back all flags of 32 bits and every byte', async () => {
      const data = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

      await backend.set('key', { flags: 0xffff_ffff, data }, null);

      expect(await backend.get('key')).toEqual({ flags: 0xffff_ffff, data });
    });

    it('takes a key of 250 bytes and of any printable characters', async () => {
      const keys = [
        'k'.repeat(250),
        'é'.repeat(125),
        '日本語😀',
        '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
      ];

      const stored = await Promise.all(keys.map((key) => backend.set(key, text(key), null)));
      const found = await backend.getMany(keys);

      expect(stored).toEqual([true, true, true, true]);
      expect([...found].map(([key, payload]) => [key, textOf(payload)])).toEqual(
        keys.map((key) => [key, key]),
      );
    });

    it.each([
      ['0.5 s', 0.5, 1],
      ['1.2 s', 1.2, 2],
      ['30 days', 30 * DAY, 30 * DAY],
      ['for ever', null, -1],
      ['50 years', 50 * 365 * DAY, -1],
    ])('sets a ttl of %s', async (_, ttl, seconds) => {
      await backend.set('key', text('value'), ttl);

      expect(await secondsLeft('key')).toBe(seconds);
    });

    it.each([30 * DAY + 1, 365 * DAY])(
      'sets a ttl of %i s, which is sent as a date',
      async (ttl) => {
        await backend.set('key', text('value'), ttl);

        const left = await secondsLeft('key');
        // The server's own clock of whole seconds may be one or two behind.
        expect(Math.abs(left - ttl)).toBeLessThanOrEqual(2);
      },
    );

    it('touches with the same ttls, and only what is there', async () => {
      await backend.set('key', text('value'), 10);

      expect(await backend.touch('key', 5000)).toBe(true);
      expect(await secondsLeft('key')).toBe(5000);
      expect(await backend.touch('key', null)).toBe(true);
      expect(await secondsLeft('key')).toBe(-1);
      expect(await backend.touch('missing', 10)).toBe(false);
    });

    it('counts from 0 to 2^53 - 1 with ttl and flags as they were', async () => {
      await backend.set('counter', text('9007199254740981'), 1000);

      expect(await backend.incr('counter', 10)).toBe(Number.MAX_SAFE_INTEGER);
      expect(await backend.incr('counter', -Number.MAX_SAFE_INTEGER)).toBe(0);
      expect(await rawCommand(server.port, 'mg counter f t v')).toMatch(
        /^VA 16 f16 t1000\r\n0 +\r\n$/,
      );
    });

    it.each([
      '9007199254740991',
      '9007199254740992',
      '18446744073709551615',
      '99999999999999999999999',
    ])('takes back a sum beyond the safe integers: %s and 1', async (digits) => {
      await backend.set('counter', { flags: 2, data: digits }, 1000);

      await expect(backend.incr('counter', 1)).rejects.toThrow(RangeError);

      expect(textOf(await backend.get('counter'))?.trimEnd()).toBe(digits);
    });

    it('loses no decrement of a thousand at once', async () => {
      await backend.set('counter', { flags: 2, data: '3000' }, null);
      const other = await backends.open({ client, location: server.address });

      await Promise.all([
        ...Array.from({ length: 500 }, () => backend.incr('counter', -2)),
        ...Array.from({ length: 500 }, () => other.incr('counter', -3)),
      ]);

      expect(await backend.incr('counter', 0)).toBe(500);
    });

    it('takes an item up to the byte that the server takes, and deletes the old value for a larger one', async () => {
      const largest = 1024 * 1024 - 63 - 'key'.length;

      expect(await backend.set('key', text('x'.repeat(largest)), null)).toBe(true);
      expect(await backend.set('key', text('x'.repeat(largest + 1)), null)).toBe(false);
      expect(await backend.get('key')).toBeUndefined();
      expect(await backend.add('key', text('x'.repeat(largest + 1)), null)).toBe(false);
    });

    it('tells how it is doing', async () => {
      await backend.set('key', text('value'), null);
      await backend.get('key');
      await backend.get('other');

      const [stats] = await backend.stats();

      expect(stats).toMatchObject({ server: server.address, state: 'up', items: 1, evictions: 0 });
      expect(Number(stats!.details!['pid'])).toBe(server.pid);
      expect(await backend.ping()).toBeUndefined();
    });

    it('empties the server for those who mean it', async () => {
      await rawCommand(server.port, 'set foreign 0 0 1\r\n1');

      await backend.flushServer();

      expect(await rawCommand(server.port, 'mg foreign v')).toBe('EN\r\n');
    });

    it('answers a burst of calls that takes longer than the deadline without taking the server for slow', async () => {
      const impatient = await backends.open({
        client,
        location: server.address,
        deadlineMs: 1_000,
      });
      const keys = Array.from({ length: BURST[client] }, (_, index) => `k${index}`);

      const failed = await impatient.setMany(new Map(keys.map((key) => [key, text(key)])), 60);
      const found = await impatient.getMany(keys);

      expect(failed).toEqual([]);
      expect(found.size).toBe(BURST[client]);
      expect(backends.reports).toEqual([]);
    });
  });
});
