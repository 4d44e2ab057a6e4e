import { readFileSync } from 'node:fs';

/** What Django did, as it is written in `test/django/vectors.jsonl`: facts only. */
export interface Vector {
  /** The letter is the section: a keys, b to g and j headers and pages, h scripts, k timeouts, l settings and formats, m culling. */
  readonly id: string;
  readonly op: string;
  readonly title?: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly expected?: unknown;
  /** Where Django's backends disagree. */
  readonly expected_by_backend?: Readonly<Record<string, unknown>>;
}

/**
 * The vectors of a section, in order of their ids.
 *
 * `DJANGO_VECTORS` names another file to run: lines of this form, or a JSON object with `vectors`.
 */
export function vectorsOf(section: string): Vector[] {
  const file =
    process.env['DJANGO_VECTORS'] ?? new URL('../django/vectors.jsonl', import.meta.url).pathname;
  const text = readFileSync(file, 'utf8');
  const all = file.endsWith('.jsonl')
    ? text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Vector)
    : (JSON.parse(text) as { vectors: Vector[] }).vectors;
  return all
    .filter(({ id }) => id.startsWith(`${section}-`))
    .toSorted((a, b) => a.id.localeCompare(b.id));
}

/** A value in the notation of the vectors as a value. Callables and what cannot be stored are the runner's business. */
export function decoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null) return value;
  const note = value as Readonly<Record<string, unknown>>;
  if ('$repeat' in note) {
    const [text, times] = note['$repeat'] as [string, number];
    return text.repeat(times);
  }
  if ('$join' in note) return (note['$join'] as unknown[]).map(decoded).join('');
  if ('$bytes' in note) return Buffer.from(note['$bytes'] as string, 'latin1');
  if ('$bytes_b64' in note) return Buffer.from(note['$bytes_b64'] as string, 'base64');
  if ('$bigint' in note) return BigInt(note['$bigint'] as string);
  if ('$fill' in note) return keysFrom(...(note['$fill'] as [number, number]));
  return Object.fromEntries(Object.entries(note).map(([key, item]) => [key, decoded(item)]));
}

/** `k000`, `k001`, … up to but not including the last. */
export function keysFrom(first: number, end: number): string[] {
  return Array.from({ length: end - first }, (_, index) => numbered(first + index));
}

/** `k007` */
export function numbered(index: number): string {
  return `k${String(index).padStart(3, '0')}`;
}

/** The name of the error that Django raised, if that is what it did. */
export function raisedBy(outcome: unknown): string | undefined {
  const raises = (outcome as { raises?: string | { type: string } } | null | undefined)?.raises;
  return typeof raises === 'object' ? raises.type : raises;
}

/** True for a note such as `{ "$callable": 1 }` with this sign. */
export function isNote(value: unknown, sign: string): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && sign in value;
}
