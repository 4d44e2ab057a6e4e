import { isEqual } from '../../lib/testing/equality.js';
import type { Slot, Step, StepOf } from './cache-steps.js';

/** What became of a call. */
export type Outcome =
  | { readonly answer: unknown; readonly loads?: number }
  /** It rejected because of what is stored or not stored, with an error of this name. */
  | { readonly refused: string }
  /** It rejected because the backend failed. */
  | { readonly failed: string; readonly loads?: number };

/**
 * What may go wrong: nothing; or any call on the backend, of which the cache makes a miss (`miss`) or an error (`throw`).
 */
export type Faults = 'none' | 'miss' | 'throw';

/** What a model is to know of the cache beside it. */
export interface ModelOptions {
  /** Milliseconds, as the cache sees them. */
  readonly now: () => number;
  /** True: time passes by itself, so how much of it an entry has left is compared roughly. Default: false. */
  readonly realTime?: boolean;
  /** False: nothing that is stored can be read again. Default: true. */
  readonly keeps?: boolean;
  /** Default: none. */
  readonly faults?: Faults;
}

interface Entry {
  readonly value: unknown;
  /** Milliseconds; `Infinity` = for ever. */
  readonly expiresAt: number;
  /** Sorted, so that equal ones are so. */
  readonly tags: readonly string[];
}

/** What is stored in a slot; undefined = nothing. */
type Held = Entry | undefined;

/** What a call does to a slot, and what it answers. */
type Rule = (held: Held) => { readonly next: Held; readonly outcome: Outcome };

type Many = 'getMany' | 'setMany' | 'deleteMany';

/** What rejects when the backend fails, also where other calls become misses. */
const DECIDES: ReadonlySet<Step['do']> = new Set([
  'add',
  'incr',
  'decr',
  'incrVersion',
  'pull',
  'invalidateTags',
  'clear',
]);

const HALF_AN_HOUR = 1_800;

/**
 * A cache as a `Map`, which knows for each slot what may be stored there. As long as nothing fails that is one thing.
 *
 * A call that failed may have been carried out or not: so may, from then on, what was stored before it, and what is stored
 * after it; nothing else. Where a failure becomes a miss, so does every answer that a failed call would give: false of a
 * write, nothing of a read. An answer that no failure explains has to be the right one, and it settles what is stored:
 *
 * - a value that was never stored in the slot is wrong, always;
 * - so is one that was stored and then replaced, deleted, cleared or taken by a call that said so, or has expired;
 * - one that was to be replaced or deleted by a call that failed is right, and so is the one that was to replace it;
 * - a read that found one of these has found out which: from then on only that one is right;
 * - that nothing is there is right after a delete that failed, and wrong after a `set` that said true; unless failures become
 *   misses: then a read may always find nothing, and has found out nothing;
 * - `add`, `incr`, `pull`, `invalidateTags` and `clear` never make a failure an answer, so whatever they answer is right or
 *   wrong.
 *
 * An entry whose tag was invalidated is none any more. Only to delete it may count; and after a failure `add` may take it for
 * one that another caller is replacing.
 */
export class CacheModel {
  readonly #slots = new Map<string, { readonly slot: Slot; readonly helds: readonly Held[] }>();
  /** The names of the slots in which an invalidated entry may lie. */
  readonly #remains = new Set<string>();
  readonly #now: () => number;
  readonly #realTime: boolean;
  readonly #keeps: boolean;
  readonly #faults: Faults;

  constructor({ now, realTime = false, keeps = true, faults = 'none' }: ModelOptions) {
    this.#now = now;
    this.#realTime = realTime;
    this.#keeps = keeps;
    this.#faults = faults;
  }

  /**
   * Takes note of what became of a step.
   *
   * @param value What the step stores, if it stores anything.
   * @returns what is wrong with it, or undefined if it may be so.
   */
  wrong(step: Step, value: (slot: Slot) => unknown, outcome: Outcome): string | undefined {
    if ('failed' in outcome && !this.#mayFail(step)) return `failed: ${outcome.failed}`;
    switch (step.do) {
      case 'advance':
        return undefined;
      case 'clear':
        for (const { slot } of this.#slots.values()) {
          if (isWithin(slot.space, step.space)) {
            this.#take(slot, () => answer(undefined, undefined), outcome);
            if (this.#faults === 'none') this.#remains.delete(nameOf(slot));
          }
        }
        return undefined;
      case 'invalidateTags':
        for (const { slot } of this.#slots.values()) {
          if (slot.space === step.space) this.#invalidate(slot, step.tags, outcome);
        }
        return undefined;
      case 'getMany':
      case 'setMany':
      case 'deleteMany':
        return this.#many(step, value, outcome);
      case 'incrVersion':
        return this.#move(step, outcome);
      case 'getOrSet':
        return this.#load(step, value(step), outcome);
      case 'delete':
        return this.#take(step, this.#deletion(step, outcome), outcome, [false]);
      default: {
        const { rule, fallbacks } = this.#ruleOf(step, value(step), outcome);
        const instead = step.do === 'set' ? insteadOf(step, outcome) : [];
        const seen = step.do === 'ttl' ? this.#roughly(outcome) : outcome;
        return this.#take(step, rule, seen, fallbacks, instead);
      }
    }
  }

  #mayFail(step: Step): boolean {
    return this.#faults === 'throw' || (this.#faults === 'miss' && DECIDES.has(step.do));
  }

  /** Everything that may be in a slot now. */
  #held(slot: Slot): readonly Held[] {
    const now = this.#now();
    return (this.#slots.get(nameOf(slot))?.helds ?? [undefined]).map((held) =>
      held && held.expiresAt > now ? held : undefined,
    );
  }

  /** Notes everything that may be in a slot from now on. */
  #hold({ space, key, version }: Slot, helds: readonly Held[]): void {
    const slot = { space, key, version };
    const name = nameOf(slot);
    this.#slots.set(name, { slot, helds: distinct(helds) });
    if (helds.every(Boolean)) this.#remains.delete(name);
  }

  /**
   * Keeps what the outcome leaves possible.
   *
   * @param instead What may be there also if it failed, besides what was there before and what was to be there.
   */
  #take(
    slot: Slot,
    rule: Rule,
    outcome: Outcome,
    fallbacks: readonly unknown[] = [],
    instead: readonly Held[] = [],
  ): string | undefined {
    const before = this.#held(slot);
    const isFallback =
      this.#faults === 'miss' &&
      'answer' in outcome &&
      fallbacks.some((fallback) => isEqual(outcome.answer, fallback));
    const after: Held[] = [];
    for (const held of before) {
      const { next, outcome: right } = rule(held);
      if (isEqual(outcome, right)) after.push(next);
      if (isFallback || 'failed' in outcome) after.push(held, next, ...instead);
    }
    if (after.length === 0) {
      const right = before.map((held) => rule(held).outcome);
      return `${nameOf(slot)}: ${show(outcome)}, where only ${show(right)} would be right`;
    }
    this.#hold(slot, after);
    return undefined;
  }

  #invalidate(slot: Slot, tags: readonly string[], outcome: Outcome): void {
    const bears = (held: Held): boolean => held?.tags.some((tag) => tags.includes(tag)) ?? false;
    if (this.#held(slot).some(bears)) this.#remains.add(nameOf(slot));
    this.#take(slot, (held) => answer(bears(held) ? undefined : held, undefined), outcome);
  }

  #ruleOf(
    step: Exclude<
      Step,
      StepOf<Many | 'advance' | 'clear' | 'invalidateTags' | 'delete' | 'incrVersion' | 'getOrSet'>
    >,
    value: unknown,
    outcome: Outcome,
  ): { readonly rule: Rule; readonly fallbacks?: readonly unknown[] } {
    switch (step.do) {
      case 'get':
        return { rule: (held) => answer(held, held?.value), fallbacks: [undefined] };
      case 'has':
        return { rule: (held) => answer(held, held !== undefined), fallbacks: [false] };
      case 'ttl':
        return { rule: (held) => this.#timeLeft(held), fallbacks: [undefined] };
      case 'set':
        return { rule: () => answer(this.#entry(value, step), true), fallbacks: [false] };
      case 'touch':
        return {
          rule: (held) => answer(held && this.#again(held, step.timeout), held !== undefined),
          fallbacks: [false],
        };
      case 'add':
        return { rule: (held) => this.#added(held, this.#entry(value, step), step, outcome) };
      case 'pull':
        return { rule: (held) => answer(undefined, held?.value) };
      default:
        return { rule: (held) => this.#counted(step, held) };
    }
  }

  /** Who failed to put something in the place of an invalidated entry may have left word that it is about to do so. */
  #added(held: Held, entry: Held, slot: Slot, outcome: Outcome): ReturnType<Rule> {
    const mayBeTaken = this.#faults !== 'none' && this.#remains.has(nameOf(slot));
    if (held ?? (mayBeTaken && isEqual(outcome, { answer: false }))) return answer(held, false);
    return answer(entry, true);
  }

  #counted(step: StepOf<'incr' | 'decr'>, held: Held): ReturnType<Rule> {
    const delta = step.do === 'decr' ? -step.delta : step.delta;
    if (held === undefined) {
      if (step.initial === undefined) return refused(held, 'CacheKeyNotFoundError');
      const begun = step.initial + delta;
      return answer(this.#entry(begun, step), begun);
    }
    const bearsTags = held.tags.length > 0;
    if (typeof held.value !== 'number' || bearsTags) return refused(held, 'CacheTypeError');
    const sum = held.value + delta;
    return answer({ ...held, value: sum }, sum);
  }

  #deletion(slot: Slot, outcome: Outcome): Rule {
    const countsAnyway = this.#countsAnyway(slot) && isEqual(outcome, { answer: true });
    if (this.#faults === 'none') this.#remains.delete(nameOf(slot));
    return (held) => answer(undefined, countsAnyway || held !== undefined);
  }

  /**
   * True if to delete what is no entry may count: an invalidated one; and memcached may count what is being loaded, of which
   * a load that failed may have left something behind.
   */
  #countsAnyway(slot: Slot): boolean {
    return this.#faults !== 'none' || this.#remains.has(nameOf(slot));
  }

  #load(step: StepOf<'getOrSet'>, value: unknown, outcome: Outcome): string | undefined {
    const loads = 'loads' in outcome ? outcome.loads : 0;
    const entry = this.#entry(value, step);
    const rule: Rule = (held) => {
      // A read that failed became a miss, so it was loaded; what is there is left alone.
      const isMissed = this.#faults === 'miss' && loads === 1;
      if (held && !isMissed) return { next: held, outcome: { answer: held.value, loads: 0 } };
      return { next: held ?? entry, outcome: { answer: value, loads: 1 } };
    };
    const before = this.#held(step);
    if ('failed' in outcome) {
      // It asks first. Only who is told that nothing is there loads, and then stores.
      const isRead = loads === 1;
      const possible = before.filter((held) => !isRead || held === undefined);
      if (possible.length === 0) return `${nameOf(step)}: loaded, though a value is there`;
      this.#hold(
        step,
        possible.flatMap((held) => (isRead ? [held, rule(held).next] : [held])),
      );
      return undefined;
    }
    const remained = this.#remains.has(nameOf(step));
    const fault = this.#take(step, rule, outcome);
    if (fault === undefined && this.#faults === 'miss' && loads === 1) {
      // Whether it was stored is not told. One whose tags could not be read is removed, as if they had been invalidated.
      const bearsTags = before.some((held) => held && held.tags.length > 0);
      const replaces = bearsTags ? [undefined, entry] : [];
      this.#hold(step, [...before, ...this.#held(step), ...replaces]);
      if (remained) this.#remains.add(nameOf(step));
    }
    return fault;
  }

  #many(step: StepOf<Many>, value: (slot: Slot) => unknown, outcome: Outcome): string | undefined {
    const { space, version } = step;
    const slots = step.keys.map((key) => ({ space, key, version }));
    if (step.do === 'deleteMany') return this.#deleteMany(slots, outcome);
    const faults = slots.map((slot) => {
      if (step.do === 'getMany') {
        const found =
          'answer' in outcome
            ? { answer: (outcome.answer as Map<string, unknown>).get(slot.key) }
            : outcome;
        return this.#take(slot, (held) => answer(held, held?.value), found, [undefined]);
      }
      const stored =
        'answer' in outcome
          ? { answer: !(outcome.answer as string[]).includes(slot.key) }
          : outcome;
      const entry = this.#entry(value(slot), step);
      return this.#take(slot, () => answer(entry, true), stored, [false], insteadOf(step, stored));
    });
    return faults.find((fault) => fault !== undefined);
  }

  #deleteMany(slots: readonly Slot[], outcome: Outcome): string | undefined {
    const before = slots.map((slot) => this.#held(slot));
    const mayFail = this.#faults === 'miss' || 'failed' in outcome;
    const most = before.filter(
      (held, index) => held.some(Boolean) || this.#countsAnyway(slots[index]!),
    ).length;
    const least = mayFail ? 0 : before.filter((held) => held.every(Boolean)).length;
    slots.forEach((slot, index) => {
      this.#hold(slot, [undefined, ...(mayFail ? before[index]! : [])]);
      if (this.#faults === 'none') this.#remains.delete(nameOf(slot));
    });
    if ('failed' in outcome) return undefined;
    const count = (outcome as { readonly answer: number }).answer;
    if (count >= least && count <= most) return undefined;
    return `deleteMany: ${count}, where at least ${least} and at most ${most} would be right`;
  }

  #move(step: StepOf<'incrVersion'>, outcome: Outcome): string | undefined {
    const to = { ...step, version: step.version + step.delta };
    const { timeout } = step;
    const [source, target] = [this.#held(step), this.#held(to)];
    const moved = source.flatMap((held) => {
      if (!held) return [];
      return [timeout === undefined ? held : this.#again(held, timeout)];
    });
    if ('failed' in outcome) {
      this.#hold(step, [...source, undefined]);
      this.#hold(to, [...target, ...moved]);
      return undefined;
    }
    if ('refused' in outcome) {
      const { refused: name } = outcome;
      if (source.every(Boolean)) return `${nameOf(step)}: ${name}, though an entry is there`;
      this.#hold(step, [undefined]);
      return name === 'CacheKeyNotFoundError' ? undefined : `${nameOf(step)}: ${name}`;
    }
    if (moved.length === 0) return `${nameOf(step)}: moved, though there is no entry`;
    this.#hold(step, [undefined]);
    this.#hold(to, moved);
    return outcome.answer === to.version
      ? undefined
      : `${nameOf(step)}: moved to ${show(outcome.answer)}`;
  }

  /** What a step stores; undefined if that is over at once. */
  #entry(
    value: unknown,
    step: { readonly timeout: number | null; readonly tags?: readonly string[] | undefined },
  ): Held {
    const tags = (step.tags ?? []).toSorted();
    return this.#again({ value, expiresAt: Infinity, tags }, step.timeout);
  }

  /** An entry with another timeout. */
  #again(entry: Entry, timeout: number | null): Held {
    if (!this.#keeps) return undefined;
    if (timeout === null) return { ...entry, expiresAt: Infinity };
    return timeout <= 0 ? undefined : { ...entry, expiresAt: this.#now() + timeout * 1_000 };
  }

  #timeLeft(held: Held): ReturnType<Rule> {
    if (held === undefined || held.expiresAt === Infinity) return answer(held, held && null);
    const left = { answer: (held.expiresAt - this.#now()) / 1_000 };
    return { next: held, outcome: this.#roughly(left) };
  }

  /** What `ttl()` came to, in half hours where time passes by itself. */
  #roughly(outcome: Outcome): Outcome {
    if (!this.#realTime || !('answer' in outcome)) return outcome;
    const { answer: seconds } = outcome;
    if (typeof seconds !== 'number') return outcome;
    return { answer: Math.round(seconds / HALF_AN_HOUR) };
  }
}

/** The name of a slot in messages. */
export function nameOf({ space, key, version }: Slot): string {
  const shown = key.length > 20 ? `${key.slice(0, 20)}…` : key;
  return `${space === '' ? '' : `${space}: `}${shown} (${version})`;
}

function isWithin(space: string, outer: string): boolean {
  return outer === '' || space === outer || space.startsWith(`${outer}/`);
}

/** Where the stamps of its tags cannot be had, a write that answers false removes what it was to replace. */
function insteadOf(
  step: { readonly tags: readonly string[] | undefined },
  outcome: Outcome,
): readonly Held[] {
  const isFalse = 'answer' in outcome && outcome.answer === false;
  return isFalse && step.tags && step.tags.length > 0 ? [undefined] : [];
}

function answer(next: Held, value: unknown): ReturnType<Rule> {
  return { next, outcome: { answer: value } };
}

function refused(next: Held, name: string): ReturnType<Rule> {
  return { next, outcome: { refused: name } };
}

function distinct(helds: readonly Held[]): readonly Held[] {
  return helds.filter((held, index) => helds.findIndex((other) => isEqual(other, held)) === index);
}

function show(what: unknown): string {
  const text = JSON.stringify(what, (_, value: unknown) => (value === undefined ? '-' : value));
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
