// oxlint-disable typescript/no-floating-promises -- node:test waits for its tests by itself
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { NestApp } from './nest-app.mjs';
import { packPackage } from './packed-package.mjs';

let packed;

before(async () => {
  packed = await packPackage();
});

after(async () => {
  await packed?.remove();
});

// Two at a time: each installs, compiles and tests a whole application.
describe(
  'an application of `nest new`, its tsconfig and test configuration untouched',
  { concurrency: 2 },
  () => {
    for (const major of [12, 11, 10]) {
      it(`of Nest ${major} compiles, passes its tests and serves hits with the packed package`, async () => {
        const app = await NestApp.create(major);
        try {
          await app.addCachedModule();
          await app.install(packed.tarball);

          await app.script('build');
          assert.match(await app.script('test'), /Tests:? .*3 passed/);
          assert.match(await app.script('test:e2e'), /Tests:? .*1 passed/);
          const address = await app.start();
          const answers = [
            await fetched(`${address}/prices/a`),
            await fetched(`${address}/prices/a`),
          ];

          const body = { sku: 'a', price: 42, calls: 1 };
          assert.deepEqual(answers, [
            { status: 200, cache: 'MISS', body },
            { status: 200, cache: 'HIT', body },
          ]);
        } finally {
          await app.remove();
        }
      });
    }
  },
);

async function fetched(url) {
  const response = await fetch(url);
  return {
    status: response.status,
    cache: response.headers.get('x-cache'),
    body: await response.json(),
  };
}
