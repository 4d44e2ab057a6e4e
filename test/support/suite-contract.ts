import { beforeAll, it } from '@jest/globals';
import type { ContractCase } from 'nestjs-cache-framework/testing';

const AT_A_TIME = 16;

/** The cases of a contract as tests, one after the other. For caches whose clock is moved by hand. */
export function runInTurn(cases: readonly ContractCase[]): void {
  for (const { title, run, skipped } of cases) {
    if (skipped === undefined) it(title, run);
    else it.skip(`${title} (skipped: ${skipped})`, run);
  }
}

/** The same, but all under way together, because most of them wait for real time to pass. */
export function runTogether(cases: readonly ContractCase[]): void {
  const outcomes = new Map<string, PromiseWithResolvers>();
  const runnable = cases.filter(({ skipped }) => skipped === undefined);

  beforeAll(() => {
    const waiting = [...runnable];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const { resolve, reject } = outcomes.get(next.title)!;
        await next.run().then(resolve, reject);
      }
    };
    for (let worker = 0; worker < AT_A_TIME; worker += 1) void work();
  });

  runInTurn(
    cases.map((each) => {
      outcomes.set(each.title, withResolvers());
      return { ...each, run: () => outcomes.get(each.title)!.promise };
    }),
  );
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((...both) => {
    [resolve, reject] = both;
  });
  // Whoever asks later gets the rejection; until then it is not unhandled.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
