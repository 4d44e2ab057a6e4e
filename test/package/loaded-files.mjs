import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The files that a process of a project has run after it loaded the entries; V8 counts them, whatever loaded them.
 *
 * @param build `import` or `require`.
 */
export async function loadedBy(consumer, entries, build) {
  const directory = await mkdtemp(join(tmpdir(), 'loaded-'));
  const script = entries
    .map((entry) => (build === 'import' ? `await import('${entry}');` : `require('${entry}');`))
    .join('\n');
  const type = build === 'import' ? 'module' : 'commonjs';
  await consumer.node([`--input-type=${type}`, '-e', script], { NODE_V8_COVERAGE: directory });
  const [report] = await readdir(directory);
  const { result } = JSON.parse(await readFile(join(directory, report), 'utf8'));
  await rm(directory, { recursive: true, force: true });
  return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
}

/** The packages that files belong to. */
export function packagesIn(urls) {
  return new Set(
    urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []),
  );
}
