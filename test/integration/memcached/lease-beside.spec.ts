import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { leaseBeside } from '../../../lib/backends/memcached/lease-beside.js';
import type { MemcachedClient } from '../../../lib/backends/memcached/memcached-client.interface.js';
import { MemjsClient } from '../../../lib/backends/memcached/memjs.client.js';
import { MetaClient } from '../../../lib/backends/memcached/meta.client.js';
import { parseLocation } from '../../../lib/backends/memcached/server-address.js';
import { gate, until, type Gate } from '../../e2e/http/time.js';
import { describeWithMemcached, memcachedServers } from '../../support/memcached.js';
import { PATIENT } from '../../support/memcached-backends.js';
import { CLIENTS } from '../../support/suite-memcached.js';

const KEYS = { key: 'key', beside: 'beside' };
const OPTIONS = { seconds: 10 };
const MINUTE = 60;

const text = (data: string) => ({ flags: 16, data });

describeWithMemcached('a lease beside the item', () => {
  const servers = memcachedServers();

  describe.each(CLIENTS)('over %s', (name) => {
    let clients: MemcachedClient[];
    let other: MemcachedClient;
    let slow: MemcachedClient;
    /** What the slow client waits for before it stores the item, and before it gives the lease back. */
    let storing: Gate;
    let releasing: Gate;
    let held: number;

    beforeEach(async () => {
      const { address } = await servers.start();
      const [location] = parseLocation(address, 'a test');
      const limits = { ...PATIENT, foreignClients: true };
      const make = () =>
        name === 'memjs' ? new MemjsClient(location!, limits) : new MetaClient(location!, limits);
      clients = [make(), make()];
      other = clients[0]!;
      storing = gate();
      releasing = gate();
      held = 0;
      slow = heldUp(clients[1]!, (key) => {
        held += 1;
        return key === KEYS.key ? storing.opened : releasing.opened;
      });
    });
    afterEach(async () => {
      for (const client of clients) client.close();
      await servers.stop();
    });

    /** As whoever deletes the item has to. */
    const remove = () => Promise.all([other.delete(KEYS.beside), other.delete(KEYS.key)]);
    const stored = async () => (await other.getPayload(KEYS.key))?.data.toString();
    const untilStored = async (data: string) => {
      while ((await stored()) !== data) await sleep(2);
    };

    it('undoes no more than its own late filling, so that a lease from before a set brings nothing back', async () => {
      const { lease: first } = await leaseBeside(slow, KEYS, OPTIONS);
      const filling = first!.fill(text('from before the delete'), MINUTE);
      await until(() => held === 2);
      await remove();
      const { lease: second } = await leaseBeside(other, KEYS, OPTIONS);
      storing.open();
      await untilStored('from before the delete');
      await other.store('set', KEYS.key, text('set'), MINUTE);
      releasing.open();

      expect(await filling).toBe(false);
      expect(await second!.fill(text('from before the set'), MINUTE)).toBe(false);
      expect(await stored()).toBe('set');
    });

    it('undoes its late filling', async () => {
      const { lease } = await leaseBeside(slow, KEYS, OPTIONS);
      const filling = lease!.fill(text('from before the delete'), MINUTE);
      await until(() => held === 2);
      await remove();
      storing.open();
      await untilStored('from before the delete');
      releasing.open();

      expect(await filling).toBe(false);
      expect(await stored()).toBeUndefined();
    });
  });
});

/** A client that stores items, and deletes, only when it is let. */
function heldUp(client: MemcachedClient, hold: (key: string) => Promise<void>): MemcachedClient {
  return new Proxy(client, {
    get: (target, method) => {
      const own = Reflect.get(target, method) as unknown;
      if (typeof own !== 'function') return own;
      return async (...parameters: unknown[]) => {
        const key = parameters.includes(KEYS.key) ? KEYS.key : KEYS.beside;
        if (isHeld(method, key)) await hold(key);
        return own.apply(target, parameters) as unknown;
      };
    },
  });
}

function isHeld(method: string | symbol, key: string): boolean {
  return method === 'delete' || (method !== 'get' && key === KEYS.key);
}
