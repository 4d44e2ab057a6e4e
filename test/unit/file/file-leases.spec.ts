import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { linkSync, mkdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import type { FileBackend, FileIoMode } from '../../../lib/backends/file/index.js';
import { LEASE_SECONDS } from '../../../lib/core/lease-time.js';
import { type FilePlace, filePlace, filesBelow, text, textOf } from '../../support/file-place.js';

let place: FilePlace;

beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  place.remove();
});

describe.each<FileIoMode>(['async', 'sync'])('leases in files, with %s io', (io) => {
  let backend: FileBackend;
  let other: FileBackend;

  beforeEach(async () => {
    backend = await place.open({ io });
    other = await place.open({ io });
  });

  it('are seen by all who use the directory, and are no entries', async () => {
    const { lease } = await backend.lease('k', {});

    expect(place.files('.lease')).toHaveLength(1);
    expect((await other.lease('k', {})).lease).toBeUndefined();
    expect((await other.stats())[0]!.items).toBe(0);
    expect(await lease!.fill(text('v'), 100)).toBe(true);
    expect(textOf((await other.lease('k', {})).payload)).toBe('v');
    expect(filesBelow(place.directory)).toEqual(place.files());
  });

  it.each<[string, (on: FileBackend) => Promise<unknown>]>([
    ['set()', (on) => on.set('k', text('new'), 100)],
    ['a set() of what is too large', (on) => on.set('k', text('x'.repeat(101)), 100)],
    ['add()', (on) => on.add('k', text('new'), 100)],
    ['delete()', (on) => on.delete('k')],
    ['clear()', (on) => on.clear()],
  ])('end by another process with %s, and leave no file', async (_, change) => {
    const sized = await place.open({ io, maxEntryBytes: 100 });
    const { lease } = await backend.lease('k', {});

    await change(sized);
    const after = textOf(await other.get('k'));

    expect(place.files('.lease')).toEqual([]);
    expect(await lease!.renew()).toBe(false);
    expect(await lease!.fill(text('old'), 100)).toBe(false);
    expect(textOf(await other.get('k'))).toBe(after);
    expect(filesBelow(place.directory)).toEqual(place.files());
  });

  it('do not store over an entry that came by the side of them', async () => {
    const { lease } = await backend.lease('k', {});
    await other.set('other', text('new'), 100);
    const [foreign] = place.files();
    // As a set() does that had looked for a lease before this one was taken.
    renameSync(foreign!, place.files('.lease')[0]!.replace('.lease', '.njcache'));
    const bytes = place.files();

    expect(await lease!.fill(text('old'), 100)).toBe(false);

    expect(place.files()).toEqual(bytes);
    expect(place.files('.lease')).toEqual([]);
  });

  it('do not store over an entry that replaced the stale one by the side of them', async () => {
    await backend.set('k', text('old'), 100);
    const [entry] = place.files();
    const { lease } = await backend.lease('k', { stale: 200 });
    const beside = place.files('.lease')[0]!;
    linkSync(beside, `${beside}.kept`);
    await other.set('k', text('new'), 100);
    renameSync(`${beside}.kept`, beside);

    expect(await lease!.fill(text('loaded'), 100)).toBe(false);

    expect(textOf(await other.get('k'))).toBe('new');
    expect(place.files()).toEqual([entry]);
  });

  it.each<[string, (on: FileBackend) => Promise<unknown>]>([
    ['set()', (on) => on.set('k', text('new'), 100)],
    ['delete()', (on) => on.delete('k')],
    ['clear()', (on) => on.clear()],
  ])('that may be filled at this moment are waited for by %s', async (_, change) => {
    const hasty = await place.open({ io, deadlineMs: 60 });
    await backend.set('k', text('old'), 100);
    const { lease } = await backend.lease('k', { stale: 200 });
    const beside = place.files('.lease')[0]!;
    // What a fill holds, in another process that stands still for now.
    linkSync(beside, beside.replace('.lease', '.lock'));

    await expect(change(hasty)).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });

    unlinkSync(beside.replace('.lease', '.lock'));
    expect(await lease!.fill(text('loaded'), 100)).toBe(false);
  });

  it('store where the stale entry has expired or was culled meanwhile', async () => {
    await backend.set('expired', text('old'), 2);
    await backend.set('culled', text('old'), 100);
    const first = await backend.lease('expired', { stale: 200 });
    const second = await backend.lease('culled', { stale: 200 });

    place.clock.advance(3);
    expect(await other.get('expired')).toBeUndefined();
    for (const path of place.files()) unlinkSync(path);

    expect(await first.lease!.fill(text('new'), 100)).toBe(true);
    expect(await second.lease!.fill(text('new'), 100)).toBe(true);
  });

  it('of a dead owner go to the next, and its files with them', async () => {
    await backend.lease('k', {});
    place.clock.advance(LEASE_SECONDS);

    const { lease } = await other.lease('k', {});

    expect(lease).toBeDefined();
    expect(await lease!.fill(text('v'), 100)).toBe(true);
    expect(filesBelow(place.directory)).toEqual(place.files());
  });

  it('whose owner died while it wrote the file go to the next', async () => {
    const { lease } = await backend.lease('k', {});
    const [path] = place.files('.lease');
    await lease!.release();
    writeFileSync(path!, Buffer.from([0x89, 0x4e, 0x4a, 0x43, 1, 0]));

    expect((await other.lease('k', {})).lease).toBeDefined();
  });

  it('are not given where something foreign lies in the place of their file', async () => {
    const { lease } = await backend.lease('k', {});
    const [path] = place.files('.lease');
    await lease!.release();
    mkdirSync(path!);

    expect(await other.lease('k', {})).toEqual({ stale: false });
  });

  it('of dead owners are removed by culling and by clear()', async () => {
    const small = await place.open({ io, maxEntries: 1 });
    await small.lease('a', {});
    place.clock.advance(LEASE_SECONDS);
    await small.lease('b', {});

    await small.set('c', text('v'), 100);
    expect(place.files('.lease')).toHaveLength(1);

    await small.clear();
    expect(filesBelow(place.directory)).toEqual([]);
  });

  it('need no directory to be there, neither to be taken nor to end', async () => {
    rmSync(place.directory, { recursive: true });

    const { lease } = await backend.lease('k', {});
    expect(lease).toBeDefined();
    rmSync(place.directory, { recursive: true });

    expect(await lease!.renew()).toBe(false);
    await lease!.release();
    expect(await lease!.fill(text('v'), 100)).toBe(false);
  });

  it('end when what was loaded is too large, and the stale entry goes', async () => {
    const small = await place.open({ io, maxEntryBytes: 100 });
    await small.set('k', text('old'), 100);
    const { lease } = await small.lease('k', { stale: 200 });

    expect(await lease!.fill(text('x'.repeat(101)), 100)).toBe(false);

    expect(filesBelow(place.directory)).toEqual([]);
    expect((await small.lease('k', {})).lease).toBeDefined();
  });

  it('are given for an entry that is larger than this cache keeps', async () => {
    const small = await place.open({ io, maxEntryBytes: 100 });
    await backend.set('k', text('x'.repeat(101)), 100);

    const { payload, lease } = await small.lease('k', {});

    expect(payload).toBeUndefined();
    expect(await lease!.fill(text('small'), 100)).toBe(true);
    expect(textOf(await small.get('k'))).toBe('small');
  });

  it('hand out an entry of more than a page of memory', async () => {
    const large = text('x'.repeat(200_000));
    await backend.set('k', large, 100);

    expect(textOf((await other.lease('k', {})).payload)).toBe(large.data);
    const stale = await other.lease('k', { stale: 200 });
    expect(textOf(stale.payload)).toBe(large.data);
    expect(await stale.lease!.fill(text('new'), 500)).toBe(true);
  });

  it('do not end with touch()', async () => {
    await backend.set('k', text('old'), 100);
    const { lease } = await backend.lease('k', { stale: 200 });

    await other.touch('k', 150);

    expect(await lease!.fill(text('new'), 500)).toBe(true);
  });

  it('cannot be used after the cache was closed', async () => {
    const { lease } = await backend.lease('k', {});

    await backend.close();

    await expect(lease!.fill(text('v'), 100)).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });
});
