/**
 * The suite's client, in a process of its own because its modules keep what they have run and change the tests they ran.
 *
 * Argument: the base URL. Asks all that concerns a shared cache, and prints a line of JSON for each test.
 */
import { createRequire } from 'node:module';
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs';
import { determineTestResult } from 'http-cache-tests/lib/display.mjs';
import suites from 'http-cache-tests/tests/index.mjs';
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs';

// The suite's own dependency, wherever it was installed.
const fetch = createRequire(import.meta.resolve('http-cache-tests/cli.mjs'))('node-fetch');

// Node.js counts a pause from the start of the turn in which it was asked for, and a test that waits for 3 seconds and wants
// to see an Age of 3 would now and then come too early.
const { setTimeout: pause } = globalThis;
globalThis.setTimeout = (callback, ms, ...rest) => pause(callback, ms + 200, ...rest);

const [base] = process.argv.slice(2);
const all = [...suites, surrogate];

/** What each test was answered, in turn. */
const answers = new Map();

/** Asks as the suite does, and keeps what shows where an answer came from. */
async function watched(url, init) {
  // Before anything is waited for: tests that share a list of headers add their own to it.
  const asked = Object.fromEntries(init?.headers ?? []);
  const response = await fetch(url, init);
  if (asked['Test-ID'] === undefined) return response;
  const made = response.headers.get('Request-Numbers');
  const list = answers.get(asked['Test-ID']) ?? [];
  list.push({
    request: Number(asked['Req-Num']),
    // For which request the origin made it; none for what the origin did not make.
    madeFor: made === null ? undefined : Number(made.split(' ').at(-1)),
    status: response.status,
    cache: response.headers.get('X-Cache') ?? undefined,
  });
  answers.set(asked['Test-ID'], list);
  return response;
}

const VERDICTS = {
  '✅': 'pass',
  '⛔️': 'fail',
  '⚠️': 'fail',
  Y: 'yes',
  N: 'no',
  '🔹': 'setup',
  '↻': 'setup',
  '⚪️': 'dependency',
};

await runTests(all, watched, false, base);

const results = getResults();
for (const test of all.flatMap(({ tests }) => tests)) {
  if (test.browser_only === true) continue;
  const result = results[test.id];
  const [, , symbol] = determineTestResult(all, test.id, results);
  const line = {
    id: test.id,
    kind: test.kind ?? 'required',
    name: test.name,
    verdict: VERDICTS[symbol] ?? 'harness',
    message: result === true ? undefined : result.join(': '),
    mustReach: test.requests.flatMap(({ expected_type: type }, index) =>
      type === undefined || type === 'cached' ? [] : [index + 1],
    ),
    answers: answers.get(test.id) ?? [],
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
