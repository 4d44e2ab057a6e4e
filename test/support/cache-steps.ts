import * as fc from 'fast-check';

// Programs that a cache is put through beside a model of it: see `cache-model.ts` for what has to come out.

/** The kinds of values that are stored. What is stored tells its key and its step, so no two are equal. */
export const KINDS = ['text', 'long text', 'data', 'bytes', 'integer', 'null'] as const;

/** Where an entry is: a key in a version, in the cache or in a namespace of it. */
export interface Slot {
  /** The names of the namespaces, from without, with a slash between; '' = the cache itself. */
  readonly space: string;
  readonly key: string;
  readonly version: number;
}

/** Seconds; `null` = for ever; 0 or less = over at once. */
export type StepTimeout = number | null;

interface Writing {
  readonly kind: (typeof KINDS)[number];
  readonly timeout: StepTimeout;
  /** What the value can be invalidated by; undefined: it bears no tags. */
  readonly tags: readonly string[] | undefined;
}

interface Hinting {
  /** Tags that the reader says the value bears, rightly or not. */
  readonly tags: readonly string[] | undefined;
}

interface OnMany {
  readonly space: string;
  readonly keys: readonly string[];
  readonly version: number;
}

/** One call on a cache, or the passing of time. */
export type Step =
  | ({ readonly do: 'get' | 'has' | 'ttl' | 'pull' } & Slot & Hinting)
  | ({ readonly do: 'delete' } & Slot)
  | ({ readonly do: 'set' | 'add' } & Slot & Writing)
  | ({ readonly do: 'getOrSet'; readonly callers: number } & Slot & Writing)
  | ({ readonly do: 'touch'; readonly timeout: StepTimeout } & Slot)
  | ({
      readonly do: 'incr' | 'decr';
      readonly delta: number;
      readonly initial: number | undefined;
      readonly timeout: StepTimeout;
    } & Slot)
  | ({
      readonly do: 'incrVersion';
      readonly delta: 1 | -1;
      /** undefined: the time that the entry has left. */
      readonly timeout: number | null | undefined;
    } & Slot)
  | ({ readonly do: 'getMany' } & OnMany & Hinting)
  | ({ readonly do: 'deleteMany' } & OnMany)
  | ({ readonly do: 'setMany' } & OnMany & Writing)
  | { readonly do: 'invalidateTags'; readonly space: string; readonly tags: readonly string[] }
  | { readonly do: 'clear'; readonly space: string }
  | { readonly do: 'advance'; readonly seconds: number };

/** The steps that do this. */
export type StepOf<Name extends Step['do']> = Extract<Step, { readonly do: Name }>;

/** What programs may be made of. */
export interface ProgramLimits {
  /** The names of the keys. Default: five, among them some that are no ordinary names. */
  readonly keys?: readonly string[];
  /** The tags. Default: three. */
  readonly tags?: readonly string[];
  /** False: nothing expires, because time cannot be moved. Default: true. */
  readonly expires?: boolean;
  /** False: nobody clears, because others use the cache too. Default: true. */
  readonly clears?: boolean;
  /** False: the backend has no `ttl()`. Default: true. */
  readonly tellsTtl?: boolean;
  /** False: the backend does not count below zero. Default: true. */
  readonly negative?: boolean;
  /** The most steps. Default: 200. */
  readonly most?: number;
}

const KEYS = ['a', 'b', 'Ä:1', '__proto__', 'k'.repeat(300)];
const TAGS = ['red', 'a', 'Ä tag'];
// The cache itself, a namespace, and one in that.
const SPACES = ['', '', '', 'part', 'part', 'part/of it'];

/** Programs of steps, which fast-check can make shorter when one fails. */
export function programs(limits: ProgramLimits = {}): fc.Arbitrary<Step[]> {
  const { expires = true, clears = true, tellsTtl = true, negative = true } = limits;
  const key = fc.constantFrom(...(limits.keys ?? KEYS));
  const version = fc.constantFrom(1, 1, 2);
  const space = fc.constantFrom(...SPACES);
  const slot = { space, key, version };
  const someTags = fc.uniqueArray(fc.constantFrom(...(limits.tags ?? TAGS)), { maxLength: 2 });
  const tags = fc.option(someTags, { nil: undefined });
  const keys = fc.uniqueArray(key, { minLength: 0, maxLength: 4 });
  const lasting = expires ? [null, 1, 2.5, 60, 0.001] : [null, 3_600];
  const timeout = fc.constantFrom<StepTimeout>(...lasting, ...lasting, 0, -1);
  const writing = { kind: fc.constantFrom(...KINDS), timeout, tags };
  const initial = fc.constantFrom(undefined, 0, 7);
  const delta = fc.integer({ min: negative ? -20 : 0, max: 20 });
  const move = {
    space,
    key,
    version: fc.constant(1),
    delta: fc.constantFrom<1 | -1>(1, -1),
    timeout: fc.constantFrom(...(tellsTtl ? [undefined] : []), ...lasting),
  };
  const step = fc.oneof(
    weighted(6, 'get', { ...slot, tags }),
    weighted(6, 'set', { ...slot, ...writing }),
    weighted(3, 'add', { ...slot, ...writing }),
    weighted(3, 'getOrSet', { ...slot, ...writing, callers: fc.constantFrom(1, 1, 5) }),
    weighted(2, 'delete', slot),
    weighted(1, 'has', { ...slot, tags }),
    weighted(1, 'pull', { ...slot, tags }),
    weighted(2, 'touch', { ...slot, timeout }),
    weighted(3, 'incr', { ...slot, delta, initial, timeout }),
    weighted(negative ? 2 : 0, 'decr', { ...slot, delta, initial, timeout }),
    weighted(1, 'incrVersion', move),
    weighted(2, 'getMany', { space, keys, version, tags }),
    weighted(2, 'setMany', { space, keys, version, ...writing }),
    weighted(1, 'deleteMany', { space, keys, version }),
    weighted(2, 'invalidateTags', { space, tags: someTags }),
    // A weight of 0 leaves the step out.
    weighted(tellsTtl ? 1 : 0, 'ttl', { ...slot, tags }),
    weighted(clears ? 1 : 0, 'clear', { space }),
    weighted(expires ? 4 : 0, 'advance', { seconds: fc.constantFrom(0.5, 1, 2.5, 30, 60) }),
  );
  return fc.array(step, { maxLength: limits.most ?? 200, size: 'max' });
}

function weighted<Name extends Step['do'], Rest>(
  weight: number,
  name: Name,
  rest: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> },
): fc.WeightedArbitrary<{ readonly do: Name } & Rest> {
  const fields = { do: fc.constant(name), ...rest };
  const arbitrary = fc.record<object>(fields, { noNullPrototype: true });
  return { weight, arbitrary: arbitrary as fc.Arbitrary<{ readonly do: Name } & Rest> };
}
