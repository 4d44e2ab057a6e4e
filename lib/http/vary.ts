const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * The header names in a `Vary` header: lower-case, sorted, each once. Undefined if the answer depends on more than headers
 * (`*`), or if the list cannot be read.
 *
 * @param lines The value of each line of the header.
 * @see RFC 9110, 12.5.5
 */
export function parseVary(lines: readonly string[] = []): string[] | undefined {
  const names = new Set(varyMembers(lines).map((name) => name.toLowerCase()));
  for (const name of names) if (name === '*' || !NAME.test(name)) return undefined;
  return [...names].toSorted();
}

/** One `Vary` value that lists what both list, in order, each name once, as first written; `*` if either bears one. */
export function mergeVary(one: readonly string[], other: readonly string[]): string {
  const names = new Map<string, string>();
  for (const name of varyMembers([...one, ...other])) {
    if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  }
  return names.has('*') ? '*' : [...names.values()].join(', ');
}

/** The members of a `Vary` header as they were written, without the blanks around them and without empty ones. */
export function varyMembers(lines: readonly string[]): string[] {
  return lines
    .join(',')
    .split(',')
    .map((member) => member.replaceAll(/^[\t ]+|[\t ]+$/g, ''))
    .filter((member) => member !== '');
}
