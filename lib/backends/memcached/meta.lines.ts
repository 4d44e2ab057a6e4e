// The lines have no end yet: the number that pairs a reply with its request comes last. See `lineEnd`.
//
// Keys and numbers are all that ever gets into a command line. Numbers are checked here, keys by whoever makes a request of
// the line: a line end in one would give the server another command. (CVE-2020-13254, GHSA-6wmv-xq9m-fmp7)

const LARGEST_FLAGS = 0xffff_ffff;
const LAST_SECOND = 0x7fff_ffff;
const LARGEST_U64 = 2n ** 64n - 1n;
// The server sees the end of a second too late, so that a lease of one second may last none. 0 would last for ever.
const SHORTEST_LEASE = 2;

/** How many numbers there are to pair replies with requests. More than any fault can shift them by. */
export const OPAQUES = 1_000;

const LINE_ENDS = Array.from({ length: OPAQUES }, (_, opaque) => ` O${opaque}\r\n`);

/** The end of a line, with the number that its reply has to bear. */
export function lineEnd(opaque: number): string {
  return LINE_ENDS[opaque]!;
}

// The size is asked for although every value comes with it: told twice, it cannot be misread.

/** Asks for the item. */
export function getLine(key: string): string {
  return `mg ${key} v s f`;
}

/** Asks for the item and its CAS number. */
export function getWithCasLine(key: string): string {
  return `mg ${key} v s f c`;
}

/** Asks for the item, its CAS number and its time. */
export function getWithTtlLine(key: string): string {
  return `mg ${key} v s f c t`;
}

/** Asks whether there is an item and whether it is only a lease, without its value. */
export function lookLine(key: string): string {
  return `mg ${key} s f c t`;
}

/** Gives the item another expiry. */
export function touchLine(key: string, expiry: number): string {
  return `mg ${key} s f c t T${whole('expiry', expiry, LAST_SECOND)}`;
}

/**
 * Stores; the value follows.
 *
 * @param mode `add`: only if there is no item.
 * @param cas Only if the item is still the one with this number.
 * @param wantsCas Whether the new CAS number is to be in the reply.
 */
export function storeLine(
  mode: 'set' | 'add',
  key: string,
  bytes: number,
  flags: number,
  expiry: number,
  cas: bigint | undefined,
  wantsCas: boolean,
): string {
  const condition = `${mode === 'add' ? ' ME' : ''}${casFlag(cas)}`;
  const item = `F${whole('flags', flags, LARGEST_FLAGS)} T${whole('expiry', expiry, LAST_SECOND)}`;
  return `ms ${key} ${bytes} ${item}${condition}${wantsCas ? ' c' : ''}`;
}

/** Deletes; with a CAS number only if the item is still the one. */
export function deleteLine(key: string, cas?: bigint): string {
  return `md ${key}${casFlag(cas)}`;
}

/** Marks the item stale, so that the next who asks for a lease gets it together with the old value. */
export function markStaleLine(key: string, cas: bigint): string {
  return `md ${key} I${casFlag(cas)}`;
}

/** Adds to a counter (`MI`) or takes from it (`MD`), which stops at 0. */
export function countLine(key: string, mode: 'MI' | 'MD', by: bigint, cas?: bigint): string {
  return `ma ${key} ${mode} D${unsigned('delta', by)}${casFlag(cas)} v`;
}

/** Asks for the item; where there is none, the first to ask gets a lease of so many seconds. */
export function leaseLine(key: string, seconds: number, refreshBelow?: number): string {
  const lease = Math.max(SHORTEST_LEASE, whole('seconds', seconds, LAST_SECOND));
  return `mg ${key} v s f c t N${lease}${refreshFlag(refreshBelow)}`;
}

function refreshFlag(below: number | undefined): string {
  if (below === undefined) return '';
  return ` R${below === Infinity ? LAST_SECOND : whole('refreshBelow', below, LAST_SECOND)}`;
}

function casFlag(cas: bigint | undefined): string {
  return cas === undefined ? '' : ` C${unsigned('cas', cas)}`;
}

function whole(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new TypeError(
    `"${name}" must be a whole number from 0 to ${most} to be sent to memcached, but ${String(value)} was given.`,
  );
}

function unsigned(name: string, value: bigint): bigint {
  if (typeof value === 'bigint' && value >= 0n && value <= LARGEST_U64) return value;
  throw new TypeError(
    `"${name}" must be a bigint of 64 bits without sign to be sent to memcached, but ${String(value)} was given.`,
  );
}
