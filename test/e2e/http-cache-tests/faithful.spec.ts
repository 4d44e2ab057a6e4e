import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PLATFORMS } from '../http/http-app.js';
import { startSuiteApp } from './suite-app.js';
import { startSuiteServer } from './suite-server.js';
import { runSuite, type SuiteResult } from './suite-run.js';

jest.setTimeout(120_000);

// Its answer is longer than it says. Node.js's client breaks off at the rest, and a proxy passes on what was said.
const LONGER_THAN_IT_SAYS = 'headers-store-Content-Length';

describe('The gateway without a cache', () => {
  const runs = new Map<string, SuiteResult[]>();

  beforeAll(async () => {
    jest.spyOn(console, 'log').mockImplementation(() => {});
    const own = startSuiteServer();
    const gateways = PLATFORMS.map((platform) => startSuiteApp({ platform, mode: 'gateway' }));
    const names = ['the server', ...PLATFORMS];
    await Promise.all(
      [own, ...gateways].map(async (starting, index) => {
        const server = await starting;
        runs.set(names[index]!, await runSuite(server.port).finally(() => server.close()));
      }),
    );
  });
  afterAll(() => {
    jest.restoreAllMocks();
  });

  it.each(PLATFORMS)('changes nothing that the suite can see, on %s', (platform) => {
    expect(verdictsOf(runs.get(platform)!)).toEqual(verdictsOf(runs.get('the server')!));
  });
});

function verdictsOf(results: readonly SuiteResult[]): Record<string, string> {
  return Object.fromEntries(
    results.filter(({ id }) => id !== LONGER_THAN_IT_SAYS).map(({ id, verdict }) => [id, verdict]),
  );
}
