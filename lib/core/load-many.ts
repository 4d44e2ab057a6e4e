import type { Payload, Ttl } from './cache-backend.interface.js';
import type { LoadManyOptions, ManyLoader } from './call-options.interface.js';
import { MISS, type CacheView } from './cache-view.js';
import * as derived from './derived-operations.js';
import { findMany } from './entry-reads.js';
import { inEnvelope } from './entry-writes.js';
import { encodedOrWarned } from './keep-loaded.js';
import { LoadRight } from './load-fences.js';
import { freshTtlOf, type LoadPlan } from './load-plan.js';
import type { LoadStop } from './load-stop.js';
import {
  beginRight,
  type BeforeLoad,
  stampKeysOf,
  stampsAfterLoad,
  stampsBeforeLoad,
} from './load-tags.js';
import { settled } from './load-turn.js';
import type { Landed } from './load.interface.js';
import { pairsOf } from './many-operations.js';
import { describe } from './option-checks.js';
import type { CallLoader } from './single-flight.js';

/** A call of `getOrSetMany()`. */
export interface Many<T> {
  readonly view: CacheView;
  readonly load: ManyLoader<T>;
  readonly options: LoadManyOptions<T>;
  readonly plan: LoadPlan;
}

/** The rights to store of the keys that are loaded, by their final keys. */
type Rights = Map<string, LoadRight>;

/**
 * What comes of each final key: what is there, and what is loaded for the others together. Those for which there is neither are
 * left out.
 *
 * @param keys The callers' keys by the final ones.
 */
export async function readOrLoadMany<T>(
  many: Many<T>,
  keys: ReadonlyMap<string, string>,
  callLoader: CallLoader,
  stop: LoadStop,
): Promise<Map<string, Landed>> {
  const { view, options, load } = many;
  const stampKeys = stampKeysOf(view, options.tags);
  const rights: Rights = new Map();
  // Begun before anything is waited for: whatever is deleted from now on may be what is read here.
  for (const finalKey of keys.keys()) {
    rights.set(finalKey, beginRight(view, finalKey, options.tags, stampKeys));
  }
  try {
    const landed = await readMany(many, rights, stampKeys);
    if (rights.size === 0) return landed;
    const before = await view.during(() => stampsBeforeLoad(view, options.tags));
    const missing = [...rights.keys()].map((finalKey) => keys.get(finalKey)!);
    const brought = valuesOf(
      await settled(
        callLoader(() => load(missing, stop.context)),
        stop,
      ),
    );
    const values = new Map<string, T>();
    for (const finalKey of rights.keys()) {
      const value = brought.get(keys.get(finalKey)!) as T | undefined;
      if (value !== undefined) values.set(finalKey, value);
    }
    await view.during(() => keepMany(many, rights, before, values, landed));
    return landed;
  } finally {
    for (const right of rights.values()) view.parts.fences.end(right);
  }
}

/** What is there; its rights are ended. */
async function readMany<T>(
  { view }: Many<T>,
  rights: Rights,
  stampKeys: readonly string[] | undefined,
): Promise<Map<string, Landed>> {
  const landed = new Map<string, Landed>();
  const finalKeys = [...rights.keys()];
  const found = await view.during(() => findMany(view, view.backend, finalKeys, stampKeys));
  for (const finalKey of finalKeys) {
    const payload = found.get(finalKey);
    if (!payload || view.decode(payload, finalKey) === MISS) continue;
    landed.set(finalKey, { payload, isHit: true });
    view.parts.fences.end(rights.get(finalKey)!);
    rights.delete(finalKey);
  }
  return landed;
}

/** Stores what was loaded, what lives equally long together. @param landed Takes what comes of each. */
async function keepMany<T>(
  { view, options, plan }: Many<T>,
  rights: Rights,
  before: BeforeLoad,
  values: ReadonlyMap<string, T>,
  landed: Map<string, Landed>,
): Promise<void> {
  const batches = new Map<Ttl, Map<string, Payload>>();
  for (const [finalKey, value] of values) {
    const ttl = freshTtlOf(view, value, options, plan);
    const payload = encodedOrWarned(view, value, options);
    landed.set(finalKey, payload ? { payload, isHit: false } : { value, isHit: false });
    if (!payload || ttl === 0 || view.parts.life.isOver) continue;
    const stamps = await stampsAfterLoad(view, options.tags, before, value);
    if (!stamps) continue;
    view.saw(finalKey, stamps);
    const batch = batches.get(ttl) ?? new Map<string, Payload>();
    batches.set(ttl, batch.set(finalKey, inEnvelope(view, payload, stamps)));
  }
  const storing = [...batches].map(([ttl, batch]) =>
    LoadRight.storeMany(rights, [...batch.keys()], (open) =>
      derived.setMany(view.strict, new Map(open.map((key) => [key, batch.get(key)!])), ttl),
    ),
  );
  await view.changed(derived.allOf(storing), []);
}

/** What the loader brought, by the callers' keys. @throws {TypeError} if that is nothing of the kind. */
function valuesOf(brought: unknown): ReadonlyMap<string, unknown> {
  if (typeof brought === 'object' && brought !== null) {
    const values = new Map<string, unknown>();
    for (const pair of pairsOf(brought as Record<string, unknown>)) {
      if (!Array.isArray(pair) || typeof pair[0] !== 'string')
        throw noValues('a list without keys');
      values.set(pair[0], pair[1]);
    }
    return values;
  }
  throw noValues(describe(brought));
}

function noValues(brought: string): TypeError {
  return new TypeError(
    `The function given to getOrSetMany() must bring a Map, pairs or an object with values by their keys, but it brought ${brought}.`,
  );
}
