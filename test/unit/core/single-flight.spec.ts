import { describe, expect, it } from '@jest/globals';
import { SingleFlight, type CallLoader } from '../../../lib/core/single-flight.js';

describe('SingleFlight', () => {
  it('runs the work once for all who come while it runs', async () => {
    const flights = new SingleFlight<number>();
    let runs = 0;
    const work = async (): Promise<number> => {
      await Promise.resolve();
      return (runs += 1);
    };

    const results = await Promise.all(Array.from({ length: 100 }, () => flights.run('k', work)));

    expect(new Set(results)).toEqual(new Set([1]));
    expect(flights.size).toBe(0);
  });

  it('runs again after the flight has landed', async () => {
    const flights = new SingleFlight<number>();
    let runs = 0;

    await flights.run('k', async () => (runs += 1));

    await expect(flights.run('k', async () => (runs += 1))).resolves.toBe(2);
  });

  it('brings the same error to everybody, and forgets it', async () => {
    const flights = new SingleFlight<number>();
    const boom = new Error('boom');
    const fail = async (): Promise<number> => {
      throw boom;
    };

    const results = await Promise.allSettled([flights.run('k', fail), flights.run('k', fail)]);

    expect(results.map((result) => (result as PromiseRejectedResult).reason)).toEqual([boom, boom]);
    expect((results[0] as PromiseRejectedResult).reason).toBe(boom);
    expect(flights.has('k')).toBe(false);
  });

  it('refuses work that asks for its own key', async () => {
    const flights = new SingleFlight<number>();

    const result = flights.run('k', (call) => call(() => flights.run('k', async () => 1)));

    await expect(result).rejects.toMatchObject({ code: 'CACHE_DEADLOCK' });
  });

  it('refuses two works that wait for each other, whoever began them', async () => {
    const flights = new SingleFlight<number>();
    const later = (key: string) => (call: CallLoader) =>
      call(async (): Promise<number> => {
        await new Promise((resolve) => setImmediate(resolve));
        return flights.run(key, async () => 1);
      });

    const results = await Promise.allSettled([
      flights.run('a', later('b')),
      flights.run('b', later('a')),
    ]);

    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((results[0] as PromiseRejectedResult).reason).toMatchObject({ code: 'CACHE_DEADLOCK' });
  });

  it('lets work ask for other keys, also twice', async () => {
    const flights = new SingleFlight<number>();
    const inner = (): Promise<number> => flights.run('inner', async () => 1);

    const sum = flights.run('outer', (call) =>
      call(async () => {
        const [a, b] = await Promise.all([inner(), inner()]);
        return a + b + (await inner());
      }),
    );

    await expect(sum).resolves.toBe(3);
  });
});
