import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { FileBackend, FileIoMode } from '../../../lib/backends/file/index.js';
import { type FilePlace, filePlace, filesBelow, text } from '../../support/file-place.js';

let place: FilePlace;

beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  place.remove();
});

describe.each<FileIoMode>(['async', 'sync'])('locks in files, with %s io', (io) => {
  let backend: FileBackend;
  let other: FileBackend;

  beforeEach(async () => {
    backend = await place.open({ io });
    other = await place.open({ io });
  });

  it('are seen by all who use the directory, and leave no file', async () => {
    const lock = await backend.lock('k', 100);

    expect(await other.lock('k', 100)).toBeUndefined();
    expect((await other.stats())[0]!.items).toBe(0);
    expect(await lock!.release()).toBe(true);
    expect(filesBelow(place.directory)).toEqual([]);
  });

  it('stay when entries are cleared or culled, and go when their time is over', async () => {
    const small = await place.open({ io, maxEntries: 1 });
    await small.lock('over', 10);
    const lock = await small.lock('k', 100);
    await small.clear();
    expect(place.files('.held')).toHaveLength(2);
    place.clock.advance(10);

    await small.set('a', text('v'), 100);
    await small.set('b', text('v'), 100);
    await small.clear();

    expect(filesBelow(place.directory)).toEqual(place.files('.held'));
    expect(place.files('.held')).toHaveLength(1);
    expect(await lock!.release()).toBe(true);
  });

  it('stay when a lease and an entry of the same key go', async () => {
    const lock = await backend.lock('k', 100);
    const { lease } = await backend.lease('k', {});
    await lease!.fill(text('v'), 100);

    expect(await other.delete('k')).toBe(true);

    expect(await lock!.extend(100)).toBe(true);
    expect(await lock!.release()).toBe(true);
  });

  it('that were torn when their owner was killed are nobody’s', async () => {
    await backend.lock('k', 100);
    const [path] = place.files('.held');
    writeFileSync(path!, readFileSync(path!).subarray(0, 50));

    expect(await other.lock('k', 100)).toBeDefined();
  });

  it('are not given where something foreign lies in the place of their file', async () => {
    const lock = await backend.lock('k', 100);
    const [path] = place.files('.held');
    await lock!.release();
    mkdirSync(path!);

    expect(await other.lock('k', 100)).toBeUndefined();
  });

  it('need no directory to be there, neither to be taken nor to end', async () => {
    rmSync(place.directory, { recursive: true });

    const lock = await backend.lock('k', 100);
    expect(lock).toBeDefined();
    rmSync(place.directory, { recursive: true });

    expect(await lock!.extend(100)).toBe(false);
    expect(await lock!.release()).toBe(false);
  });
});
