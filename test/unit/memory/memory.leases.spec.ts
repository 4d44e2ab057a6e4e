import { describe, expect, it } from '@jest/globals';
import { memory } from '../../../lib/backends/memory/index.js';
import type { MemoryBackend, MemoryOptions } from '../../../lib/backends/memory/index.js';
import { MemoryLeases } from '../../../lib/backends/memory/memory.leases.js';
import { LEASE_SECONDS } from '../../../lib/core/lease-time.js';
import { fakeClock } from '../../../lib/testing/fake-clock.js';
import { contextWith, fill, memoryBackend, present, text } from './memory-fixture.js';

/** Backends of one application, whose stores are shared. */
function application(): (options: MemoryOptions, scope?: string) => Promise<MemoryBackend> {
  const clock = fakeClock();
  const shared = new Map<string, unknown>();
  return async (options, scope = '') =>
    (await memory(options)(contextWith(clock, { scope, shared }))) as MemoryBackend;
}

describe('leases in memory', () => {
  it('take no room from the entries, however many there are', async () => {
    const { backend } = await memoryBackend({ maxEntries: 3, maxBytes: 2048 });
    await fill(backend, 'a', 'b', 'c');
    const [before] = await backend.stats();

    for (let index = 0; index < 20_000; index += 1) await backend.lease(`missing-${index}`, {});

    expect(await present(backend, 'a', 'b', 'c')).toEqual(['a', 'b', 'c']);
    const [after] = await backend.stats();
    expect([after!.items, after!.bytes, after!.evictions]).toEqual([3, before!.bytes, 0]);
  });

  it('are shared by the caches that share a store, and by no others', async () => {
    const open = application();
    const [one, same] = [await open({ location: 'a' }), await open({ location: 'a' })];
    const [elsewhere, scoped] = [await open({ location: 'b' }), await open({ location: 'a' }, 's')];
    const { lease } = await one.lease('k', {});

    expect((await same.lease('k', {})).lease).toBeUndefined();
    expect((await elsewhere.lease('k', {})).lease).toBeDefined();
    expect((await scoped.lease('k', {})).lease).toBeDefined();

    await same.delete('k');
    expect(await lease!.fill(text('old'), 100)).toBe(false);
  });

  it('end with setSync(), and with a value that is too large', async () => {
    const { backend } = await memoryBackend({ maxEntryBytes: 1024 });
    const first = await backend.lease('sync', {});
    const second = await backend.lease('large', {});

    backend.setSync('sync', text('new'), 100);
    expect(await backend.set('large', text('x'.repeat(2000)), 100)).toBe(false);

    expect(await first.lease!.fill(text('old'), 100)).toBe(false);
    expect(await second.lease!.fill(text('old'), 100)).toBe(false);
  });

  it('end when what was loaded is too large, and the stale entry goes', async () => {
    const { backend } = await memoryBackend({ maxEntryBytes: 1024 });
    await backend.set('k', text('old'), 100);
    const { lease } = await backend.lease('k', { stale: 200 });

    expect(await lease!.fill(text('x'.repeat(2000)), 100)).toBe(false);

    const next = await backend.lease('k', {});
    expect(next).toEqual({ stale: false, lease: expect.anything() });
  });

  it('do not end with touch(), nor when a stale entry expires', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('touched', text('old'), 100);
    await backend.set('expired', text('old'), 1);
    const first = await backend.lease('touched', { stale: 200 });
    const second = await backend.lease('expired', { stale: 200 });

    await backend.touch('touched', 150);
    clock.advance(2);

    expect(await first.lease!.fill(text('new'), 100)).toBe(true);
    expect(await second.lease!.fill(text('new'), 100)).toBe(true);
  });
});

describe('MemoryLeases', () => {
  it('lets the oldest go when there are too many', () => {
    const leases = new MemoryLeases(fakeClock(), 2);
    const [a, b] = [leases.take('a')!, leases.take('b')!];
    leases.renew(a);

    const c = leases.take('c')!;

    expect([a, b, c].map((lease) => leases.isHeld(lease))).toEqual([true, false, true]);
    expect(leases.size).toBe(2);
  });

  it('forgets those that are over when another is taken', () => {
    const clock = fakeClock();
    const leases = new MemoryLeases(clock);
    for (let index = 0; index < 100; index += 1) leases.take(`k${index}`);

    clock.advance(LEASE_SECONDS);
    leases.take('k');

    expect(leases.size).toBe(1);
  });

  it('takes one from before the clock was set back for one that is over', () => {
    const clock = fakeClock();
    const leases = new MemoryLeases(clock);
    const first = leases.take('k')!;

    clock.advance(-3600);

    expect(leases.isHeld(first)).toBe(false);
    expect(leases.take('k')).toBeDefined();
  });
});
