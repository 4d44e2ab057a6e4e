import type { Payload } from './cache-backend.interface.js';
import type { LoadManyOptions, ManyLoader } from './call-options.interface.js';
import { MISS, type CacheView } from './cache-view.js';
import { liveSync } from './entry-reads.js';
import { checkLoadOptions } from './get-or-set.js';
import { type Many, readOrLoadMany } from './load-many.js';
import { mayBeGiven, patienceOf, planOfMany } from './load-plan.js';
import type { Landed } from './load.interface.js';

/** What a caller of `getOrSetMany()` gets. */
export interface LoadedValues {
  readonly values: Map<string, unknown>;
  /** True if nothing had to be loaded. */
  readonly isHit: boolean;
}

const ABSENT: Landed = { isAbsent: true };
const nothing = (): Promise<Landed> => Promise.resolve(ABSENT);

/** The values of all keys: one read of what nobody else is loading, and one load of what is missing. */
export async function getOrSetMany<T>(
  view: CacheView,
  keys: Iterable<string>,
  load: ManyLoader<T>,
  options: LoadManyOptions<T>,
): Promise<LoadedValues> {
  const finalKeys = view.keys(keys, options.version);
  checkLoadOptions(view, options);
  const plan = planOfMany(view, options);
  const landed = await landAll({ view, load, options, plan }, finalKeys);
  const values = new Map<string, unknown>();
  let isHit = true;
  for (const [key, finalKey] of finalKeys) {
    const one = landed.get(finalKey) ?? ABSENT;
    if ('isAbsent' in one || !one.isHit) isHit = false;
    if ('payload' in one) values.set(key, view.parts.codec.decode(one.payload, options.type));
    else if ('value' in one && one.value !== undefined) values.set(key, one.value);
  }
  return { values, isHit };
}

/** What comes of each final key. */
async function landAll<T>(
  many: Many<T>,
  finalKeys: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, Landed>> {
  const { view, plan } = many;
  const flights = view.parts.flights[view.onError];
  const landed = new Map<string, Landed>();
  // Several keys may have one final key; the loader is asked for the first of them.
  const missing = new Map<string, string>();
  for (const [key, finalKey] of finalKeys) {
    const known = knownNow(view, finalKey);
    if (known) landed.set(finalKey, { payload: known, isHit: true });
    else if (!missing.has(finalKey)) missing.set(finalKey, key);
  }
  while (missing.size > 0) {
    plan.signal?.throwIfAborted();
    const joins: string[] = [];
    const begins = new Map<string, string>();
    for (const [finalKey, key] of missing) {
      if (flights.has(view.place(finalKey))) joins.push(finalKey);
      else begins.set(finalKey, key);
    }
    const joining = joins.map((finalKey) => join(many, finalKey, missing.get(finalKey)!));
    const [brought, ...joined] = await Promise.all([begin(many, begins), ...joining]);
    for (const finalKey of begins.keys()) landed.set(finalKey, brought.get(finalKey) ?? ABSENT);
    joined.forEach((one, index) => {
      if ('value' in one || ('payload' in one && mayBeGiven(one.staleMs, plan))) {
        landed.set(joins[index]!, one);
      }
    });
    // What another left out, or took although it is stale, is for this caller to load.
    for (const finalKey of landed.keys()) missing.delete(finalKey);
  }
  return landed;
}

function knownNow(view: CacheView, finalKey: string): Payload | undefined {
  const { backend } = view;
  if (!backend.getSync) return undefined;
  const payload = liveSync(view, backend, backend.getSync(finalKey), finalKey);
  return payload && view.decode(payload, finalKey) !== MISS ? payload : undefined;
}

/** What the flight brings that is under way. */
function join<T>({ view, plan }: Many<T>, finalKey: string, key: string): Promise<Landed> {
  return view.parts.flights[view.onError].run(
    view.place(finalKey),
    nothing,
    patienceOf(view, key, plan),
  );
}

/** Begins one flight for all of them. */
async function begin<T>(
  many: Many<T>,
  begins: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, Landed>> {
  if (begins.size === 0) return new Map();
  const { view, plan } = many;
  const places = [...begins.keys()].map((finalKey) => view.place(finalKey));
  const [first] = begins.values();
  const byPlace = await view.parts.flights[view.onError].runMany(
    places,
    async (callLoader, { stop }) => {
      const brought = await readOrLoadMany(many, begins, callLoader, stop);
      return new Map([...brought].map(([finalKey, one]) => [view.place(finalKey), one] as const));
    },
    ABSENT,
    patienceOf(view, first!, plan),
  );
  return new Map(
    [...begins.keys()].map((finalKey) => [finalKey, byPlace.get(view.place(finalKey)) ?? ABSENT]),
  );
}
