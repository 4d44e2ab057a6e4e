/** A value that shows whether it is whole, and whose it is. */
export function selfProving(key: string, index: number): string {
  return `${key}|${index}|${'x'.repeat((index * 7919) % 30_000)}|${index}|${key}`;
}

/** True for a value of that key, as `selfProving` made it. */
export function provesItself(key: string, value: string): boolean {
  const index = Number(value.split('|')[1]);
  return value === selfProving(key, index);
}
