import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { basename, dirname, relative, sep } from 'node:path';
import { FileLayout } from '../../../lib/backends/file/file-layout.js';

const location = '/var/cache/shop';
const scopes = [
  '',
  'cache',
  'shop',
  'Shop',
  'sHop',
  'shop.',
  'shop/',
  '..',
  '../x',
  '/etc',
  'a\0b',
  '\ud800',
];

describe('the directory of a scope', () => {
  it('is a direct child of the location, whatever the scope', () => {
    for (const scope of [...scopes, 'x'.repeat(5000), 'con', '%2e%2e/']) {
      const { scopeDirectory } = new FileLayout(location, scope);
      expect(dirname(scopeDirectory)).toBe(location);
      expect(basename(scopeDirectory)).toMatch(/^[a-z0-9_-]{1,32}\.[0-9a-f]{40}$/);
    }
  });

  it('is another for each scope, also where case does not count', () => {
    const names = scopes.map((scope) =>
      new FileLayout(location, scope).scopeDirectory.toLowerCase(),
    );

    expect(new Set(names).size).toBe(scopes.length);
  });

  it('begins with the scope for those who look', () => {
    expect(basename(new FileLayout(location, 'My Shop').scopeDirectory)).toMatch(/^my-shop\./);
  });
});

describe('the file of a key', () => {
  const layout = new FileLayout(location, '');

  it('is named after the SHA-256 of the key, two levels deep', () => {
    const hash = createHash('sha256').update(':1:ü').digest('hex');
    const { path, leaf } = layout.place(':1:ü');

    expect(relative(layout.scopeDirectory, path)).toBe(
      [hash[0], hash[1], `${hash}.njcache`].join(sep),
    );
    expect(leaf).toBe(Number.parseInt(hash.slice(0, 2), 16));
  });

  it.each([
    '../x',
    '..:..:escape',
    '%2e%2e/',
    '/etc/passwd',
    'C:\\x',
    'a\0b',
    'a\r\nb',
    '__proto__',
  ])('stays in its leaf for %j', (key) => {
    const { path, leaf } = layout.place(key);

    expect(dirname(path)).toBe(layout.leafDirectory(leaf));
  });

  it('is another for keys that look or fold alike', () => {
    const keys = ['k', 'K', '\u212a', '\u00e9', 'e\u0301', 'x:y', 'x/y'];

    expect(new Set(keys.map((key) => layout.place(key).path)).size).toBe(keys.length);
  });

  it('has a temporary name and a lock beside it, which are told as such', () => {
    const { path, leaf } = layout.place('k');
    const names = [path, layout.temporary(path), layout.lock(path), `${layout.lock(path)}.steal`];

    expect(names.map((name) => dirname(name))).toEqual(Array(4).fill(layout.leafDirectory(leaf)));
    expect(names.map((name) => layout.roleOf(leaf, basename(name)))).toEqual([
      'entry',
      'leftover',
      'leftover',
      'leftover',
    ]);
    expect(layout.temporary(path)).not.toBe(layout.temporary(path));
  });

  it('has a lease and a lock of users beside it, which share its lock', () => {
    const entry = layout.place('k');
    const [lease, held] = [layout.lease(entry), layout.held(entry)];

    expect([lease, held].map(({ path }) => dirname(path))).toEqual(
      Array(2).fill(layout.leafDirectory(entry.leaf)),
    );
    expect([lease, held].map(({ path }) => layout.roleOf(entry.leaf, basename(path)))).toEqual([
      'lease',
      'held',
    ]);
    expect([lease, held].map(({ path }) => layout.lock(path))).toEqual(
      Array(2).fill(layout.lock(entry.path)),
    );
    expect(layout.entryOf(lease.path)).toBe(entry.path);
  });

  it('is foreign in another leaf, and so is any other name', () => {
    const { path, leaf } = layout.place('k');

    expect(layout.roleOf((leaf + 1) % 256, basename(path))).toBe('foreign');
    expect(layout.roleOf(leaf, 'README')).toBe('foreign');
    expect(layout.roleOf(leaf, `${basename(path)}.bak`)).toBe('foreign');
  });
});
