/**
 * The suite's client, in a process of its own because its modules keep what they have run and change the tests they ran.
 *
 * Arguments: the base URL, then the ids of the tests to run; without ids, all that a shared cache is asked. Prints a line of
 * JSON for each test, and for a test that was named what was sent both ways as well.
 */
import fetch from 'node-fetch';
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs';
import { determineTestResult } from 'http-cache-tests/lib/display.mjs';
import suites from 'http-cache-tests/tests/index.mjs';
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs';

const [base, ...ids] = process.argv.slice(2);
const all = [...suites, surrogate];
const chosen = all.map((suite) => ({
  ...suite,
  tests: suite.tests
    .filter((test) => test.browser_only !== true && (ids.length === 0 || ids.includes(test.id)))
    .map((test) => (ids.length === 0 ? test : Object.assign(test, { dump: true }))),
}));

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

await runTests(chosen, watched, false, base);

const results = getResults();
for (const test of chosen.flatMap(({ tests }) => tests)) {
  const result = results[test.id];
  const [, , symbol] = determineTestResult(all, test.id, results, ids.length === 0);
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
