import { get, put } from 'cacache';

/** npm's cache: content-addressed, with checksums; no expiry, never culls. */
export function make({ directory }) {
  return {
    get: async (key) => JSON.parse((await get(directory, key, { memoize: false })).data.toString()),
    set: (key, value) => put(directory, key, JSON.stringify(value), { memoize: false }),
  };
}
