import { EventEmitter, once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { chaos, fakeClock, recording } from 'nestjs-cache-framework/testing';
import type { CacheBackend } from '../../../lib/core/cache-backend.interface.js';
import { deleteMany, setMany } from '../../../lib/core/derived-operations.js';
import { text } from '../../support/memcached-backends.js';
import { ShelfBackend } from '../../support/suite-shelf.js';

type Change = (backend: CacheBackend) => Promise<unknown>;

const CHANGES: [string, Change][] = [
  ['setMany()', (backend) => setMany(backend, new Map([entry('a'), entry('b')]), null)],
  ['deleteMany()', (backend) => deleteMany(backend, ['a', 'b'])],
];

function entry(key: string): [string, ReturnType<typeof text>] {
  return [key, text('of the many')];
}

describe.each(CHANGES)('%s on a backend without it', (_, change) => {
  it('rejects when no call of it is under way any more, so that none undoes what comes later', async () => {
    const gate = new EventEmitter();
    const opened = once(gate, 'open');
    const carriedOut = recording(new ShelfBackend('', fakeClock(), new Map()));
    const slow = chaos(carriedOut, { delayMs: 1, wait: async () => void (await opened) });
    const backend = chaos(slow, { failBefore: 1, when: (__, [key]) => key === 'a' });
    let isOver = false;
    const over = change(backend).catch((error: unknown) => {
      isOver = true;
      return error;
    });

    await setImmediate();
    const wasOver = isOver;
    gate.emit('open');

    expect(await over).toMatchObject({ code: 'CACHE_CHAOS' });
    expect(wasOver).toBe(false);
    expect(carriedOut.calls).toMatchObject([{ keys: ['b'], result: expect.any(Boolean) }]);
  });
});
