import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { InFlight, type Turn } from '../../../lib/backends/file/in-flight.js';

/** An operation that ends when it is told to. */
function operation(): { run: () => Promise<string>; end: () => void; begun: () => boolean } {
  const { promise, resolve } = withResolvers();
  let isBegun = false;
  return {
    run: () => {
      isBegun = true;
      return promise;
    },
    end: () => resolve('done'),
    begun: () => isBegun,
  };
}

function withResolvers(): { promise: Promise<string>; resolve: (value: string) => void } {
  let resolve!: (value: string) => void;
  const promise = new Promise<string>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function begunOf(operations: readonly { begun: () => boolean }[]): number {
  return operations.filter((each) => each.begun()).length;
}

describe('operations in flight', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('are sixteen at most, and the next begins when one ends', async () => {
    const inFlight = new InFlight(1_000, 16, () => performance.now());
    const operations = Array.from({ length: 20 }, operation);

    const answers = operations.map(({ run }) => inFlight.run(run));

    expect(begunOf(operations)).toBe(16);
    operations[3]!.end();
    await answers[3];
    expect(begunOf(operations)).toBe(17);
  });

  it('begin in the order they came', async () => {
    const inFlight = new InFlight(1_000, 16, () => performance.now());
    const order: number[] = [];

    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        inFlight.run(async () => {
          order.push(index);
          await Promise.resolve();
        }),
      ),
    );

    expect(order).toEqual(Array.from({ length: 40 }, (_, index) => index));
  });

  it('are two once one has overrun the deadline, until one returns', async () => {
    const inFlight = new InFlight(1_000, 16, () => performance.now());
    const [hanging, second, third] = [operation(), operation(), operation()];
    const answer = inFlight.run(hanging.run);
    await jest.advanceTimersByTimeAsync(1_250);

    const answers = [inFlight.run(second.run), inFlight.run(third.run)];
    expect([second.begun(), third.begun()]).toEqual([true, false]);

    hanging.end();
    await answer;
    expect(third.begun()).toBe(true);
    const more = Array.from({ length: 20 }, operation);
    for (const { run } of more) void inFlight.run(run);
    expect(begunOf(more)).toBe(14);
    for (const each of [second, third, ...more]) each.end();
    await Promise.all(answers);
  });

  it('are not begun any more once they have waited as long as the deadline', async () => {
    const inFlight = new InFlight(1_000, 16, () => performance.now());
    const hanging = Array.from({ length: 16 }, operation);
    for (const { run } of hanging) void inFlight.run(run);
    const late = operation();
    const answer = inFlight.run(late.run).catch((error: unknown) => error);

    await jest.advanceTimersByTimeAsync(1_250);

    expect(await answer).toMatchObject({ code: 'CACHE_TIMEOUT' });
    for (const { end } of hanging) end();
    await inFlight.drain();
    expect(late.begun()).toBe(false);
  });

  it('have not waited while this process was held up', async () => {
    let heldUp = 0;
    const inFlight = new InFlight(1_000, 16, () => performance.now() + heldUp);
    const slow = Array.from({ length: 16 }, operation);
    for (const { run } of slow) void inFlight.run(run);
    const waiting = operation();
    const answer = inFlight.run(waiting.run);
    const more = operation();

    heldUp = 10_000;
    slow[0]!.end();
    await jest.advanceTimersByTimeAsync(250);
    const isFast = inFlight.run(more.run);
    slow[1]!.end();
    await jest.advanceTimersByTimeAsync(1);

    expect([waiting.begun(), more.begun()]).toEqual([true, true]);
    for (const { end } of [waiting, more, ...slow]) end();
    expect(await Promise.all([answer, isFast])).toEqual(['done', 'done']);
  });

  it('are told when their time is over, counted from the call', async () => {
    const inFlight = new InFlight(1_000, 16, () => performance.now());
    const called = performance.now();

    const { until } = await inFlight.run((turn) => Promise.resolve(turn));

    expect(until).toBe(called + 1_000);
  });

  it('may go on as long as their time is not over, this process being held up not counted', async () => {
    let heldUp = 0;
    const inFlight = new InFlight(1_000, 16, () => performance.now() + heldUp);
    const operating = operation();
    let turn: Turn | undefined;
    const answer = inFlight.run((given) => {
      turn = given;
      return operating.run();
    });
    const outcomes: string[] = [];
    const look = (): void => {
      try {
        turn!.check();
        outcomes.push('goes on');
      } catch (error) {
        outcomes.push((error as { code: string }).code);
      }
    };

    heldUp = 10_000;
    look();
    await jest.advanceTimersByTimeAsync(250);
    look();
    await jest.advanceTimersByTimeAsync(1_000);
    look();

    expect(outcomes).toEqual(['goes on', 'goes on', 'CACHE_TIMEOUT']);
    operating.end();
    expect(await answer).toBe('done');
  });

  it('pass on what an operation throws, and go on', async () => {
    const inFlight = new InFlight(1_000, 16, () => performance.now());

    const failing = inFlight.run(() => Promise.reject(new Error('no disk')));

    await expect(failing).rejects.toThrow('no disk');
    await expect(inFlight.run(() => Promise.resolve(1))).resolves.toBe(1);
  });

  it('are waited for by drain(), but no longer than the deadline', async () => {
    const inFlight = new InFlight(1_000, 16, () => performance.now());
    const [quick, hanging] = [operation(), operation()];
    const answer = inFlight.run(quick.run);
    const ended: string[] = [];
    const drained = inFlight.drain().then(() => ended.push('drained'));
    await Promise.resolve();
    expect(ended).toEqual([]);
    quick.end();
    await answer;
    await drained;

    void inFlight.run(hanging.run);
    const second = inFlight.drain();
    await jest.advanceTimersByTimeAsync(1_000);

    await expect(second).resolves.toBeUndefined();
    hanging.end();
  });
});
