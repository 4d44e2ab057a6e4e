import { describe, expect, it } from '@jest/globals';
import { MemoPayload } from '../../../lib/core/payload-codec.js';
import { memoryBackend, text } from './memory-fixture.js';

describe('MemoryBackend', () => {
  it('gives back the very payload object that was stored', async () => {
    const { backend } = await memoryBackend();
    const payload = new MemoPayload(272, '{}');

    await backend.set('key', payload, 60);

    expect(await backend.get('key')).toBe(payload);
  });

  it('lets an entry be looked at without its counting as used', async () => {
    const { backend } = await memoryBackend({ maxEntries: 2 });
    await backend.set('first', text('1'), 60);
    await backend.set('second', text('2'), 60);

    expect(backend.peekSync('first')).toEqual(text('1'));
    expect(backend.peekSync('missing')).toBeUndefined();
    await backend.set('third', text('3'), 60);

    expect(backend.peekSync('first')).toBeUndefined();
  });

  it('misses from the moment of expiry on', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('key', text('value'), 60);

    clock.advance(59.999);
    const before = await backend.get('key');
    clock.advance(0.001);
    const after = await backend.get('key');

    expect([before, after]).toEqual([text('value'), undefined]);
  });

  it('keeps nothing longer than twice its time when the clock is set back', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('unseen', text('value'), 60);
    clock.advance(30);
    await backend.set('seen', text('value'), 60);
    clock.advance(30);
    await backend.flags('seen');

    clock.advance(-3_600);
    const left = [await backend.ttl('unseen'), await backend.ttl('seen')];
    clock.advance(30);

    expect(left).toEqual([undefined, 30]);
    expect([await backend.get('unseen'), await backend.get('seen')]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('keeps an entry for at most its time again when nobody saw how late it was before', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('key', text('value'), 60);

    clock.advance(59);
    clock.advance(-3_600);
    const left = await backend.ttl('key');
    clock.advance(60);

    expect(left).toBe(60);
    expect(await backend.get('key')).toBeUndefined();
  });

  it('keeps an entry without a ttl for ever', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('key', text('value'), null);

    clock.advance(1e9);

    expect(await backend.get('key')).toEqual(text('value'));
    expect(await backend.ttl('key')).toBeNull();
  });

  it('keeps a fraction of a second as it is', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('key', text('value'), 0.25);

    clock.advance(0.249);
    const before = await backend.flags('key');
    clock.advance(0.001);

    expect([before, await backend.flags('key')]).toEqual([16, undefined]);
  });

  it('answers the seconds left', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('key', text('value'), 100.2);

    clock.advance(0.2);

    expect(await backend.ttl('key')).toBe(100);
  });

  it('adds over an expired entry', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('key', text('old'), 10);
    clock.advance(10);

    const added = await backend.add('key', text('new'), 10);

    expect(added).toBe(true);
    expect(await backend.get('key')).toEqual(text('new'));
  });

  it('never touches an expired entry back to life', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('key', text('value'), 10);
    clock.advance(10);

    const touched = await backend.touch('key', 10);

    expect(touched).toBe(false);
    expect(await backend.get('key')).toBeUndefined();
  });

  it('answers false for the delete of an expired entry', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('key', text('value'), 10);
    clock.advance(10);

    expect(await backend.delete('key')).toBe(false);
  });

  it('keeps ttl and flags when it increments [test_incr_decr_timeout]', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('counter', text('41'), 100);
    clock.advance(40);

    const value = await backend.incr('counter', 1);

    expect(value).toBe(42);
    expect(await backend.get('counter')).toEqual(text('42'));
    expect(await backend.ttl('counter')).toBe(60);
  });

  it('rejects an increment of something else and leaves it alone', async () => {
    const { backend } = await memoryBackend();
    await backend.set('name', text('zhiliao'), null);

    await expect(backend.incr('name', 1)).rejects.toMatchObject({ code: 'CACHE_NOT_AN_INTEGER' });

    expect(await backend.get('name')).toEqual(text('zhiliao'));
  });

  it('answers undefined for the increment of an expired counter', async () => {
    const { backend, clock } = await memoryBackend();
    await backend.set('counter', text('1'), 10);
    clock.advance(10);

    expect(await backend.incr('counter', 1)).toBeUndefined();
  });

  it('gives many at once what it gives one by one', async () => {
    const { backend } = await memoryBackend();
    await backend.setMany(
      new Map([
        ['a', text('1')],
        ['b', text('2')],
      ]),
      60,
    );

    expect(await backend.getMany(['b', 'missing', 'a'])).toEqual(
      new Map([
        ['b', text('2')],
        ['a', text('1')],
      ]),
    );
    expect(await backend.deleteMany(['a', 'missing', 'b'])).toBe(2);
  });

  it('takes the names of inherited properties as ordinary keys', async () => {
    const { backend } = await memoryBackend();
    const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

    const before = await backend.getMany(keys);
    await backend.setMany(new Map(keys.map((key) => [key, text(key)])), 60);
    const after = await backend.getMany(keys);

    expect(before.size).toBe(0);
    expect([...after.values()].map(({ data }) => data)).toEqual(keys);
    expect(({} as Record<string, unknown>)['flags']).toBeUndefined();
  });

  it('counts hits, misses, entries and evictions', async () => {
    const { backend } = await memoryBackend({ maxEntries: 2 });
    for (const key of ['a', 'b', 'c']) await backend.set(key, text(key), 60);

    await backend.get('a');
    await backend.get('b');
    await backend.getMany(['b', 'c']);

    expect(await backend.stats()).toEqual([
      expect.objectContaining({
        server: 'memory',
        state: 'up',
        items: 2,
        hits: 3,
        misses: 1,
        evictions: 1,
      }),
    ]);
  });

  it('does not count what it looks up for itself as a hit or a miss', async () => {
    const { backend } = await memoryBackend();
    await backend.add('counter', text('1'), 60);

    await backend.flags('counter');
    await backend.touch('counter', 60);
    await backend.incr('counter', 1);
    await backend.ttl('missing');

    expect(await backend.stats()).toEqual([expect.objectContaining({ hits: 0, misses: 0 })]);
  });
});
