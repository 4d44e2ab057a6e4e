import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileIoMode } from '../../../lib/backends/file/index.js';
import {
  type FilePlace,
  filePlace,
  filesBelow,
  integer,
  text,
  textOf,
} from '../../support/file-place.js';

const ATTACKS = [
  '../x',
  '../../victim',
  '..:..:escape',
  '/etc/passwd',
  'C:\\x',
  '%2e%2e/%2e%2e/victim',
  'nul\0byte',
  'line\r\nset pwn 0 60 3\r\nbad',
  ' ',
  '.',
  '..',
  '~',
  '$(touch pwn)',
  '__proto__',
  'constructor',
  'k'.repeat(300),
  'é'.repeat(130),
  '\u{1f600}'.repeat(1000),
];

let place: FilePlace;

beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  place.remove();
});

/** Everything outside the cache, with its content. */
function inventory(): string[] {
  return filesBelow(place.outside)
    .filter((path) => !path.startsWith(`${place.directory}/`))
    .map((path) => `${path} ${readFileSync(path, 'utf8')} ${lstatSync(path).mode}`);
}

describe.each<FileIoMode>(['async', 'sync'])(
  'keys and prefixes of an attacker, with %s io',
  (io) => {
    beforeEach(() => {
      mkdirSync(join(place.outside, 'other'));
      for (const name of ['victim', 'x', 'other/victim']) {
        writeFileSync(join(place.outside, name), 'untouched');
      }
    });

    it('are ordinary ones, and reach nothing outside the directory', async () => {
      const before = inventory();

      for (const scope of ['', '../other', '/etc', 'a\0b', '__proto__']) {
        const backend = await place.open({ io }, scope);
        for (const key of ATTACKS) {
          await backend.set(key, text(`${scope} ${key}`), null);
          expect(await backend.add(key, text('second'), null)).toBe(false);
          expect(await backend.touch(key, 100)).toBe(true);
          await backend.set(`${key}n`, integer(1), null);
          expect(await backend.incr(`${key}n`, 1)).toBe(2);
          expect(await backend.delete(`${key}n`)).toBe(true);
        }
        const values = await Promise.all(ATTACKS.map((key) => backend.get(key)));
        expect(values.map(textOf)).toEqual(ATTACKS.map((key) => `${scope} ${key}`));
        expect(await backend.stats()).toMatchObject([{ items: ATTACKS.length }]);
      }

      expect(inventory()).toEqual(before);
      const pattern = /^[a-z0-9_-]+\.[0-9a-f]{40}\/[0-9a-f]\/[0-9a-f]\/[0-9a-f]{64}\.njcache$/;
      const inside = place.files('').map((path) => path.slice(place.directory.length + 1));
      expect(inside.filter((path) => !pattern.test(path))).toEqual([]);
      expect(inside).toHaveLength(5 * ATTACKS.length);
    });

    it('clear only what is theirs', async () => {
      const before = inventory();
      const mine = await place.open({ io }, 'mine');
      await mine.set('k', text('v'), null);

      const backend = await place.open({ io }, '../mine');
      for (const key of ATTACKS) await backend.set(key, text('v'), null);
      await backend.clear();

      expect(inventory()).toEqual(before);
      expect(textOf(await mine.get('k'))).toBe('v');
      expect(place.files('')).toHaveLength(1);
      expect(readdirSync(place.directory)).toHaveLength(2);
    });
  },
);
