import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { CacheModuleOptions } from 'nestjs-cache-framework';
import {
  memcachedMissing,
  describeUnless,
  startMemcached,
  type MemcachedServer,
} from '../../support/memcached.js';
import type { Platform } from '../http/http-app.js';
import { MODES, startSuiteApp, type Mode } from './suite-app.js';
import { EXCEPTIONS } from './suite-exceptions.js';
import { judge, storyOf, summaryOf } from './suite-judgement.js';
import { runSuite, type SuiteResult } from './suite-run.js';

const BACKENDS = ['memory', 'memcached'] as const;

type Backend = (typeof BACKENDS)[number];

/** The suite's tests presuppose that nothing lives of which no header says how long. */
const SETTINGS = { timeout: 0 } as const;

/** Runs the whole suite in all modes and on all backends at once, because it sleeps for most of its time. */
export function suiteCases(platform: Platform): void {
  const runs = new Map<string, SuiteResult[]>();
  let server: MemcachedServer | undefined;

  const cacheOn = (backend: Backend, mode: Mode): CacheModuleOptions =>
    backend === 'memory'
      ? { ...SETTINGS, backend }
      : {
          ...SETTINGS,
          backend,
          location: server!.address,
          keyPrefix: mode,
          options: { deadlineMs: 5_000 },
        };
  const run = async (mode: Mode, backend: Backend): Promise<void> => {
    const app = await startSuiteApp({ platform, mode, cache: cacheOn(backend, mode) });
    const results = await runSuite(app.port).finally(() => app.close());
    runs.set(`${mode} ${backend}`, results);
    report(`${platform}, ${mode}, ${backend}: ${summaryOf(results)}`);
    const failures = new Set(judge(results).failures);
    for (const id of meantToFail(platform, mode)) failures.delete(id);
    for (const result of results.filter(({ id }) => failures.has(id))) report(storyOf(result));
  };

  beforeAll(async () => {
    // The suite's server says on the console what it does not like, and each of its tests says so in its result.
    jest.spyOn(console, 'log').mockImplementation(() => {});
    if (memcachedMissing === undefined) server = await startMemcached();
    const backends = BACKENDS.filter((backend) => backend === 'memory' || server);
    await Promise.all(MODES.flatMap((mode) => backends.map((backend) => run(mode, backend))));
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await server?.stop();
  });

  describe.each(MODES)('as %s', (mode) => {
    describe('on memory', () => {
      resultCases(platform, mode, () => runs.get(`${mode} memory`)!);
    });
    describeUnless(memcachedMissing, 'on memcached', () => {
      resultCases(platform, mode, () => runs.get(`${mode} memcached`)!);
    });
  });
}

function resultCases(platform: Platform, mode: Mode, results: () => SuiteResult[]): void {
  it('runs the whole suite', () => {
    const counts = (['required', 'optimal', 'check'] as const).map(
      (kind) => results().filter((result) => result.kind === kind).length,
    );

    expect(counts).toEqual([165, 95, 90]);
  });

  it('gives no stored answer where the origin must be asked', () => {
    expect(judge(results()).unsafeReuses).toEqual([]);
  });

  it('fails the tests that it is meant to fail and no others', () => {
    expect(judge(results()).failures).toEqual(meantToFail(platform, mode));
  });

  it('lets no visitor ask past a fresh page', () => {
    expect(judge(results()).purges).toEqual([]);
  });
}

function report(line: string): void {
  process.stderr.write(`http-cache-tests: ${line}\n`);
}

function meantToFail(platform: Platform, mode: Mode): string[] {
  return EXCEPTIONS.filter(
    (exception) =>
      (exception.mode ?? mode) === mode && (exception.platform ?? platform) === platform,
  )
    .flatMap(({ ids }) => ids)
    .toSorted();
}
