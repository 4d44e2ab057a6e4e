import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { describeUnless, memcachedMissing } from '../../support/memcached.js';

// The system's Python has the clients where they were installed as packages; `PYTHON` may name another.
const PYTHON = process.env['PYTHON'] ?? '/usr/bin/python3';
const support = new URL('../../support/', import.meta.url);
const GENERATOR = fileURLToPath(new URL('memcached-placement-vectors.py', support));
const COMMITTED = fileURLToPath(new URL('memcached-placement-vectors.json', support));

const clientsMissing =
  spawnSync(PYTHON, ['-c', 'import pymemcache, pylibmc, memcache']).status === 0
    ? undefined
    : `${PYTHON} lacks pymemcache, pylibmc or python-memcached`;

describeUnless(memcachedMissing ?? clientsMissing, 'the committed placement vectors', () => {
  it('are byte for byte what the Python clients of this machine choose', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'placement-'));
    const written = join(directory, 'vectors.json');

    await promisify(execFile)(PYTHON, [GENERATOR, written], { timeout: 110_000 });

    // Compared as a whole, since a difference in a line of 10,000 digits is no help to anybody.
    const isSame = (await readFile(written, 'utf8')) === (await readFile(COMMITTED, 'utf8'));
    expect(isSame).toBe(true);
    await rm(directory, { recursive: true });
  }, 120_000);
});
