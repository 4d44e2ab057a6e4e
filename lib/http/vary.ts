const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * The header names in a `Vary` header: lower-case, sorted, each once. Undefined if the answer depends on more than headers
 * (`*`), or if the list cannot be read.
 *
 * @param lines The value of each line of the header.
 * @see RFC 9110, 12.5.5
 */
export function parseVary(lines: readonly string[] = []): string[] | undefined {
  const names = new Set<string>();
  for (const member of lines.join(',').split(',')) {
    const name = member.replaceAll(/^[\t ]+|[\t ]+$/g, '').toLowerCase();
    if (name === '') continue;
    if (name === '*' || !NAME.test(name)) return undefined;
    names.add(name);
  }
  return [...names].toSorted();
}

/** One `Vary` value that lists what both list, in order, each name once. */
export function mergeVary(one: readonly string[], other: readonly string[]): string {
  const names = new Map<string, string>();
  for (const member of [...one, ...other].join(',').split(',')) {
    const name = member.trim();
    if (name !== '' && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  }
  return [...names.values()].join(', ');
}
