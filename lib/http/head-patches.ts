import type { ServerResponse } from 'node:http';

/** Changes the headers of a response whose head is about to be written. */
export type HeadPatch = (status: number) => void;

const waiting = new WeakMap<ServerResponse, HeadPatch[]>();

/** Remembers a change for the moment at which the head is written. */
export function addHeadPatch(response: ServerResponse, patch: HeadPatch): void {
  const patches = waiting.get(response);
  if (patches) patches.push(patch);
  else waiting.set(response, [patch]);
}

/**
 * Makes the changes that wait, each once: before anybody judges or records the head, whatever the order in which interceptors
 * stand on a route.
 */
export function makeHeadPatches(response: ServerResponse, status: number): void {
  const patches = waiting.get(response);
  if (!patches) return;
  waiting.delete(response);
  for (const patch of patches) patch(status);
}

/** The answer is a page from the cache, whose head was changed when it was made: nothing is changed any more. */
export function dropHeadPatches(response: ServerResponse): void {
  waiting.delete(response);
}
