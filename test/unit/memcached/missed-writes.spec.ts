import { describe, expect, it } from '@jest/globals';
import { MissedWrites } from '../../../lib/backends/memcached/missed-writes.js';

describe('MissedWrites', () => {
  it('remembers each key once, the last writes last', () => {
    const missed = new MissedWrites();
    for (const key of ['a', 'b', 'a']) missed.add(key);

    expect(missed.take()).toEqual({ keys: ['b', 'a'], isIncomplete: false });
    expect(missed.isEmpty).toBe(true);
  });

  it('keeps the last 10,000 and knows that there were more', () => {
    const missed = new MissedWrites();
    for (let index = 0; index <= 10_000; index += 1) missed.add(`k${index}`);

    const { keys, isIncomplete } = missed.take();

    expect(keys).toHaveLength(10_000);
    expect(keys[0]).toBe('k1');
    expect(isIncomplete).toBe(true);
  });

  it('has all again after a batch was put back', () => {
    const missed = new MissedWrites(2);
    for (const key of ['a', 'b', 'c']) missed.add(key);
    const batch = missed.take();
    missed.add('d');

    missed.putBack(batch);

    expect(missed.take()).toEqual({ keys: ['b', 'c'], isIncomplete: true });
  });

  it('is not empty while it only knows that keys are missing', () => {
    const missed = new MissedWrites(0);
    missed.add('a');

    expect(missed.isEmpty).toBe(false);
  });
});
