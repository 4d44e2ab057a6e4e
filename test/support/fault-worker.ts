import { once } from 'node:events';
import fs from 'node:fs';
import { readFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheService } from '../../lib/core/cache.service.js';
import type { FileCacheOptions } from '../../lib/named-cache-options.interface.js';

/** What a process is to do with a cache in files whose disk is disturbed. */
export interface FaultTask {
  readonly does: keyof typeof TASKS;
  readonly cache: FileCacheOptions;
  /** A function of `fs` that is slow when it is told to be. */
  readonly slow?: 'writeFile' | 'rename' | 'open';
}

/** What came of it: what each call answered, or the name and reason of what it rejected with. */
export interface FaultAnswer {
  readonly outcomes: unknown[];
  /** What was logged as a warning. */
  readonly warnings: string[];
}

type Work = (cache: CacheService) => Promise<unknown[]>;

const SLOW_MS = 1_000;

let slow = false;

const TASKS = {
  /** Calls whose disk hangs, each followed by one that is answered; and what is there when the disk has gone on. */
  'late-changes': async (cache) => {
    const outcomes: unknown[] = [];
    const changes: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
      ['replaced', () => cache.set('replaced', 'late'), () => cache.set('replaced', 'new')],
      ['deleted', () => cache.set('deleted', 'late'), () => cache.delete('deleted')],
      ['added', () => cache.add('added', 'late'), () => cache.delete('added')],
      ['counted', () => cache.incr('counted'), () => cache.set('counted', 10)],
    ];
    await cache.setMany({ replaced: 'old', deleted: 'old', counted: 1 });
    for (const [key, late, next] of changes) {
      slow = true;
      const under = outcomeOf(late());
      // It is with the disk, and nothing after it is slow.
      await sleep(50);
      slow = false;
      outcomes.push([key, await under, await outcomeOf(next())]);
    }
    await sleep(2 * SLOW_MS);
    const left = await cache.getMany(changes.map(([key]) => key));
    return [...outcomes, Object.fromEntries(left)];
  },

  /** Reads that hang, more of them while they do, and what else this process does with files. */
  'hung-reads': async (cache) => {
    const keys = Array.from({ length: 12 }, (_, index) => `k${index}`);
    await cache.setMany(keys.map((key) => [key, key] as const));
    const first = await Promise.all(keys.slice(0, 2).map((key) => outcomeOf(cache.get(key))));
    const more = await Promise.all(keys.map((key) => outcomeOf(cache.get(key))));
    const others = await readFile(process.argv[1]!, 'utf8');
    return [first, more, others.length > 0];
  },

  /** Operations on a disk on which some of its calls fail. */
  'each-operation': async (cache) => {
    const outcomes: unknown[] = [];
    for (const onError of ['miss', 'throw'] as const) {
      const view = cache.with({ onError });
      outcomes.push([
        await outcomeOf(view.set(`${onError} new`, 'value')),
        await outcomeOf(view.get(`${onError} text`)),
        await outcomeOf(view.getOrSet(`${onError} loaded`, () => 'loaded')),
        await outcomeOf(view.delete(`${onError} text`)),
      ]);
    }
    return outcomes;
  },
} satisfies Record<string, Work>;

/** What a call answers, or why it rejects: the code of the disk's error if there is one. */
function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch(({ message, cause }: Error & { readonly cause?: { code?: string } }) => {
    const code = cause?.code;
    return code?.startsWith('E') ? code : (/: (.*)\.$/.exec(message)?.[1] ?? message);
  });
}

/** Puts a hanging disk in the place of a function. It is called as it was meant, later. */
function slowDown(name: 'writeFile' | 'rename' | 'open'): void {
  const original = fs[name] as (...args: unknown[]) => void;
  const functions = fs as unknown as Record<string, unknown>;
  functions[name] = (...args: unknown[]): void => {
    if (slow) setTimeout(() => original(...args), SLOW_MS);
    else original(...args);
  };
  syncBuiltinESMExports();
}

const task = JSON.parse(process.argv[2]!) as FaultTask;
if (task.slow) slowDown(task.slow);
// Not before: it takes the functions as they are.
const { createCache } = await import('../../lib/create-cache.js');
const warnings: string[] = [];
const keep = (line: string): void => void warnings.push(line);
const cache = await createCache({
  ...task.cache,
  logger: { log: () => undefined, warn: keep, error: keep },
});
process.send!({ ready: true });
await once(process, 'message');
const work: Work = TASKS[task.does];
const outcomes = await work(cache);
await cache.close();
process.send!({ outcomes, warnings } satisfies FaultAnswer, () => process.disconnect());
