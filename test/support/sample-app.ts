import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';

const LOADER = new URL('./sample-app-loader.mjs', import.meta.url).href;
const MAIN = fileURLToPath(new URL('../../sample-app/src/main.ts', import.meta.url));

/** The sample application, running in a process of its own. */
export interface SampleApp {
  readonly url: string;
  /** All it has printed so far, on both streams. */
  output(): string;
  /** False once the process has ended, for whatever reason. */
  isRunning(): boolean;
  /** Asks it to shut down as an operator would (SIGTERM) and resolves with its exit code; null: ended by the signal. */
  stop(): Promise<number | null>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts the sample application as `npm start` does, from its sources and on a port that is free.
 *
 * @param cacheUrl Becomes `CACHE_URL`; undefined leaves it unset. An unhandled rejection ends the process, as Node does.
 * @throws {Error} with its output, if it ends or says nothing within 60 seconds.
 */
export async function startSampleApp(cacheUrl?: string): Promise<SampleApp> {
  const { CACHE_URL: _inherited, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', LOADER, MAIN], {
    env: {
      ...env,
      PORT: '0',
      NO_COLOR: '1',
      ...(cacheUrl === undefined ? {} : { CACHE_URL: cacheUrl }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const isRunning = () => child.exitCode === null && child.signalCode === null;

  let printed = '';
  const port = await new Promise<string>((resolve, reject) => {
    const giveUp = (why: string) => reject(new Error(`The sample app ${why}:\n${printed}`));
    const timer = setTimeout(() => giveUp('did not start in time'), 60_000);
    const listen = (chunk: Buffer) => {
      printed += chunk.toString();
      const found = /Open http:\/\/\S+:(\d+)/.exec(printed)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', () => {
      clearTimeout(timer);
      giveUp('ended');
    });
  });

  return {
    url: `http://127.0.0.1:${port}/`,
    output: () => printed,
    isRunning,
    async stop() {
      if (isRunning()) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      return child.exitCode;
    },
  };
}

/** One card of the page, as a visitor uses it. */
export class StoryCard {
  readonly #page: Page;
  readonly #id: string;

  /** @param id Of the card: `captcha`, `sms`, `session`, `report`, `rates`, `news`, `images`, `votes`, `lock`, `prices`, `stats`. */
  constructor(page: Page, id: string) {
    this.#page = page;
    this.#id = id;
  }

  /** Presses a button by its name, waits for the answer, and gives what the card shows then. */
  async press(button: string): Promise<{ badge: string; text: string; ms: number }> {
    await this.find('button').filter({ hasText: button }).first().click();
    return this.shown();
  }

  /** What the card shows when nothing is under way on it. */
  async shown(): Promise<{ badge: string; text: string; ms: number }> {
    await this.#page.locator(`#${this.#id}[aria-busy="false"]`).waitFor();
    return {
      badge: await this.find('.result .badge').innerText(),
      text: await this.find('.result .text').innerText(),
      ms: Number.parseFloat(await this.find('.result .ms').innerText()),
    };
  }

  /** Something on this card. */
  find(selector: string) {
    return this.#page.locator(`#${this.#id} ${selector}`);
  }

  /** Fills in a field by its name. */
  async fill(field: string, value: string): Promise<void> {
    await this.find(`[name=${field}]`).fill(value);
  }
}
