/** How a step came out here. */
export type Outcome = { readonly value: unknown } | { readonly error: string };

/** Where the rule here is not Django's. */
export interface VectorException {
  /** Why it is so. */
  readonly reason: string;
  /** The backends for which it holds. Default: all. */
  readonly on?: readonly string[];
  /** The outcome of steps by their index; other steps are as in Django. */
  readonly steps: Readonly<Record<number, Outcome>>;
}

const EXPIRED_IS_GONE = 'an expired entry is not there, so there is nothing to remove';
const OWN_ENTRIES = 'clear() removes the entries of its own keyPrefix only';
const TOO_LARGE =
  'what the server would not take is refused before it is sent: set() answers false and the old value is gone';
const INTEGERS_ONLY = 'counters are integers: nothing else is added to, on any backend';
const DIGITS = 'text of digits is a counter on every backend, as on memcached';
const PADDED =
  'the server pads a number that became shorter with a blank, and text is given back as it is';
const KEEPS_VALUE = 'moving a value by 0 versions keeps it; Django loses it';
const BELOW_ZERO = "memcached's binary protocol cannot count below zero";

/** Scripts (section h) that end differently here, by id. */
export const SCRIPT_EXCEPTIONS: Readonly<Record<string, readonly VectorException[]>> = {
  'h-047': [{ reason: EXPIRED_IS_GONE, steps: { 2: { value: false } } }],
  'h-053': [{ reason: OWN_ENTRIES, steps: { 3: { value: 'v' } } }],
  'h-063': [
    {
      reason: TOO_LARGE,
      on: ['memcached'],
      steps: { 1: { value: ['big'] }, 3: { value: undefined } },
    },
  ],
  'h-069': [
    {
      reason: BELOW_ZERO,
      on: ['memcached'],
      steps: { 1: { error: 'CACHE_UNSUPPORTED' }, 2: { value: -5 } },
    },
  ],
  'h-071': [
    { reason: INTEGERS_ONLY, steps: { 1: { error: 'CACHE_NOT_AN_INTEGER' }, 2: { value: 1.5 } } },
  ],
  'h-075': [
    { reason: INTEGERS_ONLY, steps: { 1: { error: 'CACHE_NOT_AN_INTEGER' }, 2: { value: true } } },
  ],
  'h-081': [
    { reason: PADDED, on: ['memcached'], steps: { 2: { value: '9 ' } } },
    { reason: DIGITS, steps: { 1: { value: 9 }, 2: { value: '9' } } },
  ],
  'h-107': [{ reason: KEEPS_VALUE, steps: { 2: { value: 'v' } } }],
  'h-121': [
    {
      reason: TOO_LARGE,
      on: ['memcached'],
      steps: { 1: { value: false }, 2: { value: undefined } },
    },
  ],
};

/** Cullings (section m) that leave other keys here, by id, with the keys that are left. */
export const CULL_EXCEPTIONS: Readonly<
  Record<string, { readonly reason: string; readonly keys: readonly string[] }>
> = {
  'm-009': {
    reason: 'an overwrite evicts no other entry',
    keys: ['k000', 'k001', 'k002'],
  },
  'm-015': {
    reason: 'expired entries go first, so a live one is not evicted for them',
    keys: ['k002', 'k003', 'k004'],
  },
};
