import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { createCache } from '../../lib/create-cache.js';
import type { CacheSettings } from './lease-worker.js';

/** What a process is to do under the lock of one key, beside others that do the same. */
export interface LockTask {
  readonly cache: CacheSettings;
  /** To which a line is added whenever the lock is had or given back. */
  readonly log: string;
  readonly rounds: number;
  /** In how many further rounds it takes the lock for a second and forgets it. */
  readonly forgets: number;
}

/** A line of the log. */
export interface LockLine {
  /** A moment before the lock was had, by `Date.now()`. */
  readonly asked: number;
  /** A moment after that. */
  readonly at: number;
  readonly pid: number;
  readonly does: 'has it' | 'extends it' | 'gives it back' | 'forgets it';
}

// Nobody is to lose a lock because the machine is busy.
const LONG = '10m';

const { cache: settings, log, rounds, forgets } = JSON.parse(process.argv[2]!) as LockTask;
const cache = await createCache(settings);
process.send!('ready');
await once(process, 'message');
for (let round = 0; round < rounds; round += 1) {
  await cache.withLock(
    'key',
    LONG,
    async (lock) => {
      note('has it');
      await turn();
      if (!(await lock.extend(LONG))) throw new Error('The lock was lost.');
      note('extends it');
      await turn();
      note('gives it back');
    },
    { wait: LONG },
  );
}
for (let round = 0; round < forgets; round += 1) {
  let asked = Date.now();
  while (!(await cache.lock('key', 1))) {
    await sleep(20 * Math.random());
    asked = Date.now();
  }
  note('forgets it', asked);
}
await cache.close();
process.send!('done', () => process.disconnect());

function note(does: LockLine['does'], asked = Date.now()): void {
  const line: LockLine = { asked, at: Date.now(), pid: process.pid, does };
  appendFileSync(log, `${JSON.stringify(line)}\n`);
}
