import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { isOutOfDescriptors } from './io-errors.js';

const FIRST_PAUSE_MS = 2;

/**
 * Runs an operation, again and again with longer pauses while the process has no file descriptor left: others give theirs
 * back in a moment.
 *
 * @param until When to give up, by `performance.now()`. @throws what the operation throws.
 */
export async function withDescriptors<T>(operation: () => Promise<T>, until: number): Promise<T> {
  for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
    try {
      return await operation();
    } catch (error) {
      if (!isOutOfDescriptors(error) || performance.now() + pause >= until) throw error;
    }
    await setTimeout(pause);
  }
}
