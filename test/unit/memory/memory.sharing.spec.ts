import { describe, expect, it } from '@jest/globals';
import { MemoryBackend } from '../../../lib/backends/memory/index.js';
import { fakeClock } from '../../../lib/testing/fake-clock.js';
import { contextWith, text } from './memory-fixture.js';

describe('two memory backends', () => {
  it('share the entries of one location and scope [test_multiple_caches]', async () => {
    const [first, second] = pair({ location: 'shop' }, { location: 'shop' });

    await first.set('key', text('value'), 60);

    expect(await second.get('key')).toEqual(text('value'));
  });

  it('share nothing across locations [test_multiple_caches]', async () => {
    const [first, second] = pair({ location: 'shop' }, { location: 'blog' });

    await first.set('key', text('value'), 60);

    expect(await second.get('key')).toBeUndefined();
  });

  it('share nothing across scopes, so that clear() stays in its own', async () => {
    const shared = new Map<string, unknown>();
    const first = new MemoryBackend(contextWith(fakeClock(), { scope: 'a', shared }));
    const second = new MemoryBackend(contextWith(fakeClock(), { scope: 'b', shared }));
    await first.set('key', text('first'), 60);
    await second.set('key', text('second'), 60);

    await first.clear();

    expect(await first.get('key')).toBeUndefined();
    expect(await second.get('key')).toEqual(text('second'));
  });

  it('tell location and scope apart, whatever they contain', async () => {
    const shared = new Map<string, unknown>();
    const first = new MemoryBackend(contextWith(fakeClock(), { scope: 'b","c', shared }), {
      location: 'a',
    });
    const second = new MemoryBackend(contextWith(fakeClock(), { scope: 'c', shared }), {
      location: 'a","b',
    });

    await first.set('key', text('value'), 60);

    expect(await second.get('key')).toBeUndefined();
  });

  it('share nothing between registries', async () => {
    const first = new MemoryBackend(contextWith());
    const second = new MemoryBackend(contextWith());

    await first.set('key', text('value'), 60);

    expect(await second.get('key')).toBeUndefined();
  });

  it('refuse to share a store under different limits, naming both caches', () => {
    expect(() => pair({ location: 'shop', maxEntries: 5 }, { location: 'shop' })).toThrow(
      expect.objectContaining({
        code: 'CACHE_STORE_LIMITS',
        message:
          'The caches "first" and "second" share the memory store "shop", but differ in its limits: "maxEntries" 5 and 10000. Give both the same limits, or one of them a location of its own.',
      }),
    );
  });

  it('keep the store until the last of them is closed', async () => {
    const shared = new Map<string, unknown>();
    const first = new MemoryBackend(contextWith(fakeClock(), { shared }));
    const second = new MemoryBackend(contextWith(fakeClock(), { shared }));
    await first.set('key', text('value'), 60);

    await first.close();
    await first.close();
    const afterFirst = await second.get('key');
    await second.close();

    expect(afterFirst).toEqual(text('value'));
    expect(shared.size).toBe(0);
  });

  it('start anew after the last of them was closed', async () => {
    const shared = new Map<string, unknown>();
    const first = new MemoryBackend(contextWith(fakeClock(), { shared }));
    await first.set('key', text('value'), 60);
    await first.close();

    const second = new MemoryBackend(contextWith(fakeClock(), { shared }), { maxEntries: 5 });

    expect(await second.get('key')).toBeUndefined();
  });
});

function pair(
  first: ConstructorParameters<typeof MemoryBackend>[1],
  second: ConstructorParameters<typeof MemoryBackend>[1],
): [MemoryBackend, MemoryBackend] {
  const shared = new Map<string, unknown>();
  return [
    new MemoryBackend(contextWith(fakeClock(), { alias: 'first', shared }), first),
    new MemoryBackend(contextWith(fakeClock(), { alias: 'second', shared }), second),
  ];
}
