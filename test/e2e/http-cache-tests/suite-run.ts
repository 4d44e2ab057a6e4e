import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const CLIENT = fileURLToPath(new URL('./suite-client.mjs', import.meta.url));

/** What the suite's client made of one test. */
export interface SuiteResult {
  readonly id: string;
  /** `required`: by RFC 9111. `optimal`: a good cache does it. `check`: a question without a wrong answer. */
  readonly kind: 'required' | 'optimal' | 'check';
  readonly name: string;
  /**
   * `dependency`: it says nothing, because the cache does not do what it builds upon. `setup`: the same, found out within
   * the test. `harness`: the suite itself failed.
   */
  readonly verdict: 'pass' | 'fail' | 'yes' | 'no' | 'setup' | 'dependency' | 'harness';
  /** What was seen instead of what was expected; undefined if nothing was. */
  readonly message?: string;
  /** The requests, counted from 1, that a stored answer must not or need not satisfy. */
  readonly mustReach: readonly number[];
  readonly answers: readonly SuiteAnswer[];
}

/** What one request of a test was answered. */
export interface SuiteAnswer {
  readonly request: number;
  /** The request for which the origin made this answer; undefined if the origin did not make it. */
  readonly madeFor?: number;
  readonly status: number;
  /** The `X-Cache` header. */
  readonly cache?: string;
}

/** Runs the suite's client against what listens on a loopback port, a hundred tests at a time as the client does. */
export async function runSuite(port: number): Promise<SuiteResult[]> {
  const child = spawn(process.execPath, [CLIENT, `http://127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`The suite's client ended with ${code}:\n${errors}`);
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as SuiteResult);
}
