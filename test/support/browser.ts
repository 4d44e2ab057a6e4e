import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { describeUnless } from './memcached.js';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

/** Why tests in a browser cannot run here; undefined if they can. */
export const chromiumMissing: string | undefined = existsSync(CHROMIUM)
  ? undefined
  : `there is no Chromium at ${CHROMIUM}; CHROMIUM_PATH names another place`;

/** A `describe` that needs Chromium: skipped with the reason where there is none, a failure with `CI=true`. */
export function describeWithChromium(title: string, fn: () => void): void {
  describeUnless(chromiumMissing, title, fn);
}

/** Starts a headless Chromium that talks to nobody but the pages it is shown. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page and what went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts, errors on the console, and requests that got no answer or left the application. */
  readonly problems: string[];
  /** Answers of 400 and more, as `429 POST /sms`. The console's own line for them is left out of `problems`. */
  readonly refused: string[];
}

/** Opens a page in a fresh profile (no cookies, nothing cached), watches it, and waits until its `main` is not busy. */
export async function openWatched(
  browser: Browser,
  url: string,
  look: { width?: number; height?: number; colorScheme?: 'light' | 'dark' } = {},
): Promise<WatchedPage> {
  const { width = 1280, height = 900, colorScheme = 'light' } = look;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  const problems: string[] = [];
  const refused: string[] = [];

  page.on('pageerror', (error) => problems.push(`script: ${error.message}`));
  page.on('console', (message) => {
    const isStatus = message.text().startsWith('Failed to load resource: the server responded');
    if (message.type() === 'error' && !isStatus) problems.push(`console: ${message.text()}`);
  });
  page.on('requestfailed', (request) => problems.push(`no answer: ${request.url()}`));
  page.on('request', (request) => {
    if (/^https?:/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin) {
      problems.push(`left the application: ${request.url()}`);
    }
  });
  page.on('response', (response) => {
    if (response.status() < 400) return;
    const { pathname } = new URL(response.url());
    refused.push(`${response.status()} ${response.request().method()} ${pathname}`);
  });
  await page.goto(url);
  await page.locator('main[aria-busy="false"]').waitFor();
  return { page, problems, refused };
}
