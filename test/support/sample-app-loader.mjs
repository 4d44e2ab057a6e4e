// Runs the sample application's TypeScript in a process of its own, without a build: `node --import <this file> main.ts`.
// It compiles as the tests do (the options of jest's transform) and finds the package in lib/.
import { readFile } from 'node:fs/promises';
import { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const ROOT = new URL('../../', import.meta.url);
const NAME = 'nestjs-cache-framework';
const require = createRequire(import.meta.url);

// Node runs hooks in a thread of their own, which loads this file once more.
if (isMainThread) register(import.meta.url);

export async function resolve(specifier, context, next) {
  if (specifier === NAME) return next(new URL('lib/index.ts', ROOT).href, context);
  if (specifier.startsWith(`${NAME}/`)) {
    return next(new URL(`lib/${specifier.slice(NAME.length + 1)}/index.ts`, ROOT).href, context);
  }
  const ours = context.parentURL?.endsWith('.ts') && specifier.startsWith('.');
  return next(ours ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const [, options] = require('../../package.json').jest.transform['^.+\\.ts$'];
  const { transform } = require('@swc/core');
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), {
    ...options,
    filename,
    swcrc: false,
  });
  return { format: 'module', source: code, shortCircuit: true };
}
