import { describe, expect, it } from '@jest/globals';
import { createCache, memory } from 'nestjs-cache-framework';
import { chaos, fakeClock, recording } from 'nestjs-cache-framework/testing';
import { text } from '../../support/memcached-backends.js';
import { backendPlace } from '../../support/suite-backends.js';
import { shelf, ShelfBackend } from '../../support/suite-shelf.js';

const place = backendPlace(fakeClock());

describe('recording()', () => {
  it('writes down what was asked and answered, in the order of the calls', async () => {
    const backend = recording(new ShelfBackend('', fakeClock(), new Map()));

    await backend.get('a');
    await backend.set('a', text('one'), 60);
    await backend.get('a');
    await backend.clear();

    expect(backend.calls).toEqual([
      { operation: 'get', keys: ['a'], result: undefined },
      { operation: 'set', keys: ['a'], result: true },
      { operation: 'get', keys: ['a'], result: text('one') },
      { operation: 'clear', keys: [], result: undefined },
    ]);
    expect(Object.hasOwn(backend.calls[0]!, 'result')).toBe(true);
  });

  it('writes down what a call failed with, and passes it on', async () => {
    const error = new Error('of the disk');
    const inner = new ShelfBackend('', fakeClock(), new Map());
    const backend = recording(chaos(inner, { failBefore: 1, error: () => error }));

    await expect(backend.delete('a')).rejects.toBe(error);

    expect(backend.calls).toEqual([{ operation: 'delete', keys: ['a'], error }]);
  });

  it('shows a call that is under way without a result', async () => {
    const backend = recording(new ShelfBackend('', fakeClock(), new Map()));

    const call = backend.get('a');
    const atOnce = structuredClone(backend.calls);
    await call;

    expect(Object.keys(atOnce[0]!)).toEqual(['operation', 'keys']);
    expect(Object.keys(backend.calls[0]!)).toEqual(['operation', 'keys', 'result']);
  });

  it('shows the final keys that an application asks for, native methods included', async () => {
    const backend = recording(memory());
    const cache = await createCache({ backend, keyPrefix: 'shop', version: 2 });

    await cache.getOrSet('price', () => 42);
    await cache.getMany(['price', 'name']);

    expect(backend.calls.map(({ operation, keys }) => `${operation} ${keys.join(' ')}`)).toEqual([
      'get shop:2:price',
      'lease shop:2:price',
      'fill shop:2:price',
      'getMany shop:2:price shop:2:name',
    ]);
  });

  it('gives the calls of some operations', async () => {
    const backend = recording(new ShelfBackend('', fakeClock(), new Map()));
    await backend.get('a');
    await backend.set('b', text('one'), null);
    await backend.get('c');

    const keys = backend.callsOf('get', 'touch').map((call) => call.keys[0]);

    expect(keys).toEqual(['a', 'c']);
  });

  it('forgets when it is told to', async () => {
    const backend = recording(shelf(ShelfBackend));
    const opened = await place.open(backend, 'shop');
    await opened.get('a');

    backend.forget();
    await opened.get('b');

    expect(backend.calls).toMatchObject([{ operation: 'get', keys: ['b'] }]);
  });

  it('has one list for all backends of a factory', async () => {
    const factory = recording(shelf(ShelfBackend));
    const [one, other] = [await place.open(factory, 'one'), await place.open(factory, 'other')];

    await one.get('a');
    await other.get('b');

    expect(factory.calls.map(({ keys }) => keys[0])).toEqual(['a', 'b']);
  });

  it('leaves the backend as guarded as it is', async () => {
    const plain = await place.open(recording(memory()), 'shop');
    const failing = await place.open(recording(chaos(memory())), 'shop');

    expect([plain.deadlineMs, failing.deadlineMs]).toEqual([null, 1_000]);
  });
});
