const FIRST_MS = 5;
const MOST_MS = 50;

/**
 * How long to wait before it is asked again whether another is done, in milliseconds: about 5, 10, 20, 40 and then 50, so that
 * many who wait do not ask at the same moment.
 *
 * @param tries How often it was asked again already.
 */
export function retryPauseMs(tries: number): number {
  return Math.min(FIRST_MS * 2 ** tries, MOST_MS) * (0.5 + Math.random());
}
