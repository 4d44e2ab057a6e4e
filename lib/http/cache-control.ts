/** What the lines of a `Cache-Control` header say. */
export interface CacheControl {
  /** True if any part of it cannot be understood. Nothing else it says may then be relied on. */
  readonly malformed: boolean;
  /** Lower-case name to argument, without its quotes; '' where there is none. */
  readonly directives: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const GAP = /[\t ,]*/y;
const DIRECTIVE = new RegExp(
  `(${TOKEN})(?:[\\t ]*=[\\t ]*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?[\\t ]*(?:,|$)`,
  'y',
);
const DELTA = new Set(['max-age', 's-maxage']);
const LONGEST = 2 ** 31;

/**
 * Reads `Cache-Control`, of a request or a response, and fails closed: a part that breaks the grammar, a lifetime that is
 * no plain number and two lifetimes that disagree make the whole malformed. Never throws.
 *
 * @param lines The value of each line of the header.
 * @see RFC 9111, 4.2.1 and 5.2
 */
export function parseCacheControl(lines: readonly string[] = []): CacheControl {
  const directives = new Map<string, string>();
  let malformed = false;
  for (const line of lines) {
    // Each line by itself, so that a quote left open in one hides nothing in the next.
    if (!readLine(line, directives)) malformed = true;
  }
  return { malformed, directives };
}

/**
 * The seconds of a lifetime; undefined if it is not given, or, for those of RFC 5861, if it is no plain number. More than
 * 2^31 counts as 2^31, as RFC 9111, 1.2.2 says.
 */
export function lifetimeOf(
  control: CacheControl,
  name: 'max-age' | 's-maxage' | 'stale-while-revalidate' | 'stale-if-error',
): number | undefined {
  const value = control.directives.get(name);
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), LONGEST) : undefined;
}

function readLine(line: string, directives: Map<string, string>): boolean {
  let position = 0;
  for (;;) {
    GAP.lastIndex = position;
    GAP.test(line);
    position = GAP.lastIndex;
    if (position === line.length) return true;
    DIRECTIVE.lastIndex = position;
    const match = DIRECTIVE.exec(line);
    if (!match) return false;
    position = DIRECTIVE.lastIndex;
    const name = match[1]!.toLowerCase();
    if (DELTA.has(name) && !agrees(match[2], directives.get(name))) return false;
    directives.set(name, match[2] ?? match[3] ?? '');
  }
}

function agrees(seconds: string | undefined, before: string | undefined): boolean {
  return (
    seconds !== undefined &&
    /^\d+$/.test(seconds) &&
    (before === undefined || Number(before) === Number(seconds))
  );
}
