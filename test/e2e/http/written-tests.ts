import { readFile } from 'node:fs/promises';
import type { Sequence } from './security-sequence.js';
import { SEQUENCES } from './security-sequences.js';

/** The source of a spec, which stands here or, with its path from `test/`, elsewhere. */
export async function sourceOf(spec: string): Promise<string> {
  const path = spec.includes('/') ? `../../${spec}.spec.ts` : `./${spec}.spec.ts`;
  return readFile(new URL(path, import.meta.url), 'utf8');
}

/** The titles of the sequences that a spec plays everywhere. */
export function sequencesOf(spec: string): string[] {
  const sequences: readonly Sequence[] = (SEQUENCES as Record<string, Sequence[]>)[spec] ?? [];
  return sequences.map(({ title }) => title);
}

/** True if a spec has a test of this title: a sequence of this name, or one whose title, or the end of it, stands in its source. */
export async function isWritten(spec: string, title: string): Promise<boolean> {
  if (sequencesOf(spec).includes(title)) return true;
  const source = await sourceOf(spec);
  return source.includes(`${title}'`) || source.includes(`${title}\``);
}
