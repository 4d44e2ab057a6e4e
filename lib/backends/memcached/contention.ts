import { setTimeout as sleep } from 'node:timers/promises';

const MOST_PAUSE_MS = 8;

/**
 * Waits a little before an item is read and changed again because somebody else changed it in between: not at the first
 * time, then for a random while, so that two who change it in step do not go on doing so.
 *
 * @param losses How often that has happened, from 1.
 */
export async function pauseAfterLoss(losses: number): Promise<void> {
  if (losses > 1) await sleep(Math.random() * Math.min(losses, MOST_PAUSE_MS));
}
