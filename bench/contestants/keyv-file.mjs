import { Keyv } from 'keyv';
import { KeyvFile } from 'keyv-file';

/** One file an entry (its default is one file for all, kept in memory); unbounded: it never culls. */
export function make({ directory }) {
  const store = new KeyvFile({ filename: directory, separatedFile: true });
  const cache = new Keyv({ store });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, 300_000),
    close: () => cache.disconnect(),
  };
}
