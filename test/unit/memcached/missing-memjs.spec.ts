import { expect, it, jest } from '@jest/globals';
import { systemClock } from '../../../lib/core/clock.js';

it('open() says what to install where memjs is missing', async () => {
  jest.unstable_mockModule('memjs', () => {
    throw new Error("Cannot find package 'memjs'");
  });
  const { memcached } = await import('../../../lib/backends/memcached/index.js');
  const backend = await memcached({ client: 'memjs' })({
    alias: 'default',
    scope: '',
    clock: systemClock,
    report: () => undefined,
    shared: new Map(),
  });

  await expect(backend.open!()).rejects.toMatchObject({
    code: 'CACHE_MISSING_PEER',
    message: expect.stringMatching(/needs the package "memjs".* Run: npm install memjs$/),
  });
});
