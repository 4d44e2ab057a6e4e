import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const NODE_WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));
const DJANGO_WORKER = fileURLToPath(new URL('django_worker.py', import.meta.url));
const ANSWER_WITHIN_MS = 180_000;
const PYTHON = '/usr/bin/python3';
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A contestant in a process of its own, asked one command at a time. */
export class ContestantProcess {
  #child;
  #lines;
  #stderr = '';

  constructor(setup) {
    const argument = JSON.stringify(setup);
    this.#child = setup.django
      ? spawn(PYTHON, [DJANGO_WORKER, argument], { stdio: 'pipe' })
      : spawn(
          process.execPath,
          ['--expose-gc', '--max-old-space-size=4096', NODE_WORKER, argument],
          {
            stdio: 'pipe',
          },
        );
    running.add(this.#child);
    this.#child.on('error', (error) => {
      this.#stderr += String(error);
    });
    this.#child.stdin.on('error', () => {
      // It has ended; the missing answer says so.
    });
    this.#child.stderr.on('data', (chunk) => {
      this.#stderr = (this.#stderr + chunk).slice(-2_000);
    });
    this.#child.once('close', () => running.delete(this.#child));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Resolves when the contestant holds its entries. */
  ready() {
    return this.#answer();
  }

  /** One sample: { count, ms } or what the operation answers. */
  ask(command) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    return this.#answer();
  }

  /** Ends the process; one that does not end by itself is killed. */
  async end() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = new Promise((resolve) => {
      this.#child.once('close', resolve);
    });
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    this.#child.stdin.end();
    await closed;
    clearTimeout(killer);
  }

  async #answer() {
    const killer = setTimeout(() => {
      this.#stderr += `no answer within ${ANSWER_WITHIN_MS / 1000} s`;
      this.#child.kill('SIGKILL');
    }, ANSWER_WITHIN_MS);
    const { value, done } = await this.#lines.next();
    clearTimeout(killer);
    if (done) throw new Error(`ended without an answer: ${this.#stderr.trim() || 'no output'}`);
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer;
  }
}
