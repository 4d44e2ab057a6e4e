import { describe, expect, it } from '@jest/globals';
import { performance } from 'node:perf_hooks';
import { TurnBudget } from '../../../lib/core/turn-budget.js';

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('TurnBudget', () => {
  it('runs a task at once while there is time', () => {
    expect(new TurnBudget().run(() => 'now')).toBe('now');
  });

  it('leaves the rest to later turns, in order, once the time of a turn is spent', async () => {
    const turns = new TurnBudget();
    const order: number[] = [];
    let turnsTaken = 0;
    let counting = true;
    const count = (): void => {
      turnsTaken += 1;
      if (counting) setImmediate(count);
    };
    setImmediate(count);

    const results = Array.from({ length: 6 }, (_, index) =>
      turns.run(() => {
        spin(6);
        order.push(index);
        return index;
      }),
    );
    const settled = await Promise.all(results.map((result) => Promise.resolve(result)));
    counting = false;

    expect(results[0]).toBe(0);
    expect(results[1]).toBeInstanceOf(Promise);
    expect(settled).toEqual([0, 1, 2, 3, 4, 5]);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    expect(turnsTaken).toBeGreaterThanOrEqual(5);
  });

  it('rejects with what the task throws', async () => {
    const turns = new TurnBudget();
    void turns.run(() => {
      spin(6);
    });

    const result = turns.run(() => {
      throw new Error('unreadable');
    });

    await expect(result).rejects.toThrow('unreadable');
  });
});
