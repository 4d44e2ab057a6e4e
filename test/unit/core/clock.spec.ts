import { describe, expect, it } from '@jest/globals';
import { steadyClock } from '../../../lib/core/clock.js';
import { fakeClock } from '../../../lib/testing/fake-clock.js';

describe('steadyClock()', () => {
  it('tells the time of the clock', () => {
    const clock = fakeClock(1_000);
    const steady = steadyClock(clock);

    clock.advance(2.5);

    expect(steady.now()).toBe(3_500);
  });

  it('goes on from where it was when the clock is set back, however often', () => {
    const clock = fakeClock(10_000);
    const steady = steadyClock(clock);
    const times = [steady.now()];

    for (const back of [5, 100]) {
      clock.advance(-back);
      times.push(steady.now());
      clock.advance(1);
      times.push(steady.now());
    }

    expect(times).toEqual([10_000, 10_000, 11_000, 11_000, 12_000]);
  });

  it('goes ahead with the clock when that is set ahead', () => {
    const clock = fakeClock(0);
    const steady = steadyClock(clock);

    clock.advance(3_600);

    expect(steady.now()).toBe(3_600_000);
  });
});
