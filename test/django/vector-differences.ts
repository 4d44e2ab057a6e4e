import { expect } from '@jest/globals';

/** Where the rule here is not the one of Django, and why. */
export const RULES = {
  keysAreText:
    'a key is text and not empty; Django makes text of anything, so that 42 and "42" meet',
  versionsAreWhole:
    'a version is a whole number of at least 0; Django takes whatever can be printed',
  prefixesStayApart:
    'a keyPrefix that reads as another one and a version is refused; in Django two keys meet',
  badKeysAreReplaced:
    'a key that memcached could not take is replaced by one that it can; Django warns or refuses',
  keysAreCountedInBytes: 'memcached counts the bytes of a key; Django counts its characters',
  mistakesAreTold:
    'a setting that cannot be meant is told at start; Django passes over it or fails at first use',
  timeoutsAreChecked: 'true and false are no timeouts; Django takes them for 1 and 0',
  fractionsRoundUp:
    'a fraction of a second rounds up, so that a short life never becomes none; Django cuts it off',
  expiredIsGone:
    'an expired entry is not there; two of the three backends of Django still delete it',
  clearIsOwn: 'clear() removes the entries of its own keyPrefix; that of Django removes everything',
  tooLargeIsFalse:
    'what the server would not take is answered by false before it is sent; Django raises',
  integersOnly:
    'only integers are counted; the backends of Django disagree about floats and booleans',
  textCounts: 'text of digits is a counter on every backend; in Django on memcached only',
  noPadding: 'a number that became shorter has no blank behind it; on memcached it has',
  safeIntegers:
    'sums and deltas beyond the safe integers are refused; the backends of Django grow, wrap or fail',
  negativesCount: 'counters go below zero on every backend; in Django not on memcached',
  movesKeepValues: 'moving a value by 0 versions keeps it; Django loses it',
  allOrNothing:
    'setMany() serialises everything before it stores anything; in Django some values are stored',
  closedIsClosed: 'a cache that was closed stays closed; that of Django connects again',
  missWhileDown:
    'while a server is down, reads miss, writes answer false and what decides something rejects',
  capsHold:
    'a cache never holds more than maxEntries; in Django it grows if a share of it rounds to nothing',
  overwritesEvictNothing: 'an overwrite evicts no other entry; in Django it does',
  expiredGoFirst: 'expired entries go before live ones; Django keeps them until they are read',
  memoryIsDefault: 'a cache that names no backend is in memory; Django has no default',
  nullIsNothing: 'options that are null are no options, as if they had been left out',
  blanksAreIgnored: 'blanks around the address of a server are ignored',
  portIsKnown: 'a server without a port has 11211, here as in the client libraries',
  damagedIsMissed:
    'a file that cannot be what was written is a miss; Django raises, or reads what is left',
  noPickles: 'values other than text, integers and bytes are JSON; in Django they are pickles',
} as const;

/** The name of a rule. */
export type RuleName = keyof typeof RULES;

// Rules that make no difference on the other backends.
const ONLY_ON: Readonly<Partial<Record<RuleName, readonly string[]>>> = {
  expiredIsGone: ['memory', 'file'],
  textCounts: ['memory', 'file'],
  noPadding: ['memory', 'file'],
  tooLargeIsFalse: ['memcached'],
  negativesCount: ['memcached'],
};

/** The vectors in which a rule here makes a difference to what Django did, by id. */
export const DIFFERENCES: Readonly<Record<string, readonly RuleName[]>> = {
  'a-007': ['keysAreText'],
  'a-011': ['prefixesStayApart'],
  'a-013': ['versionsAreWhole'],
  'a-015': ['versionsAreWhole'],
  'a-017': ['versionsAreWhole'],
  'a-019': ['keysAreText'],
  'a-021': ['keysAreText'],
  'a-029': ['badKeysAreReplaced'],
  'a-031': ['badKeysAreReplaced'],
  'a-033': ['badKeysAreReplaced'],
  'a-039': ['badKeysAreReplaced'],
  'a-041': ['badKeysAreReplaced'],
  'a-043': ['keysAreCountedInBytes'],
  'a-045': ['badKeysAreReplaced'],
  'a-049': ['badKeysAreReplaced'],
  'h-047': ['expiredIsGone'],
  'h-053': ['clearIsOwn'],
  'h-063': ['tooLargeIsFalse'],
  'h-069': ['negativesCount'],
  'h-071': ['integersOnly'],
  'h-075': ['integersOnly'],
  'h-077': ['safeIntegers'],
  'h-079': ['safeIntegers'],
  'h-081': ['textCounts', 'noPadding'],
  'h-107': ['movesKeepValues'],
  'h-109': ['versionsAreWhole'],
  'h-111': ['badKeysAreReplaced'],
  'h-117': ['keysAreText'],
  'h-119': ['badKeysAreReplaced'],
  'h-121': ['tooLargeIsFalse'],
  'h-125': ['missWhileDown'],
  'h-127': ['missWhileDown'],
  'h-129': ['missWhileDown'],
  'h-131': ['missWhileDown'],
  'h-133': ['missWhileDown'],
  'h-135': ['missWhileDown'],
  'h-137': ['missWhileDown'],
  'k-005': ['mistakesAreTold'],
  'k-019': ['timeoutsAreChecked'],
  'k-025': ['mistakesAreTold'],
  'k-033': ['fractionsRoundUp'],
  'k-035': ['fractionsRoundUp'],
  'k-039': ['timeoutsAreChecked'],
  'l-015': ['blanksAreIgnored'],
  'l-019': ['mistakesAreTold'],
  'l-025': ['portIsKnown'],
  'l-029': ['mistakesAreTold'],
  'l-031': ['mistakesAreTold'],
  'l-039': ['memoryIsDefault'],
  'l-043': ['mistakesAreTold'],
  'l-045': ['nullIsNothing'],
  'l-051': ['damagedIsMissed'],
  'l-053': ['damagedIsMissed'],
  'l-055': ['damagedIsMissed'],
  'l-057': ['noPickles'],
  'm-009': ['overwritesEvictNothing'],
  'm-011': ['capsHold'],
  'm-013': ['mistakesAreTold'],
  'm-015': ['expiredGoFirst'],
  'm-021': ['capsHold'],
  'm-023': ['mistakesAreTold'],
};

/** Demands that the rules which made a difference are those listed, where the vectors are those of this repository. */
export function expectListed(id: string, applied: Iterable<RuleName>, backend = 'memory'): void {
  if (process.env['DJANGO_VECTORS'] !== undefined) return;
  const listed = (DIFFERENCES[id] ?? []).filter((rule) => ONLY_ON[rule]?.includes(backend) ?? true);
  expect([...applied].toSorted()).toEqual(listed.toSorted());
}

/** How a step of a script came out here. */
export type Outcome = { readonly value: unknown } | { readonly error: string };

/** The differences of scripts that no general rule tells beforehand: steps by their index. */
export const STEP_DIFFERENCES: Readonly<
  Record<
    string,
    {
      readonly rule: RuleName;
      readonly steps: Readonly<Record<number, Outcome>>;
      /** The backends for which it holds. Default: all. */
      readonly on?: readonly string[];
    }
  >
> = {
  'h-053': { rule: 'clearIsOwn', steps: { 3: { value: 'v' } } },
  'h-075': {
    rule: 'integersOnly',
    steps: { 1: { error: 'CACHE_NOT_AN_INTEGER' }, 2: { value: true } },
  },
  'h-081': { rule: 'noPadding', on: ['memory', 'file'], steps: { 2: { value: '9' } } },
  'h-107': { rule: 'movesKeepValues', steps: { 2: { value: 'v' } } },
};

/** The keys that are left where a cache is culled by another rule. */
export const CULL_DIFFERENCES: Readonly<
  Record<string, { readonly rule: RuleName; readonly keys: readonly string[] }>
> = {
  'm-009': { rule: 'overwritesEvictNothing', keys: ['k000', 'k001', 'k002'] },
  'm-015': { rule: 'expiredGoFirst', keys: ['k002', 'k003', 'k004'] },
};

/** What comes of settings that Django refuses, or takes. */
export const SETTINGS_DIFFERENCES: Readonly<
  Record<string, { readonly rule: RuleName; readonly outcome: Outcome }>
> = {
  'l-039': { rule: 'memoryIsDefault', outcome: { value: 'memory' } },
  'l-043': { rule: 'mistakesAreTold', outcome: { error: 'CACHE_UNKNOWN_OPTION' } },
  'l-045': { rule: 'nullIsNothing', outcome: { value: 'memory' } },
};
