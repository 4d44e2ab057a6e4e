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

interface Entry {
  readonly value: unknown;
  /** Milliseconds; `Infinity` = for ever. */
  readonly expiresAt: number;
}

/** What is stored in a slot; undefined = nothing. */
type Held = Entry | undefined;

/** What a call does to a slot, and what it answers. */
type Rule = (held: Held) => { readonly next: Held; readonly outcome: Outcome };

type Many = 'getMany' | 'setMany' | 'deleteMany';

/** What rejects when the backend fails, also where other calls become misses. */
const DECIDES: ReadonlySet<Step['do']> = new Set(['add', 'incr', 'incrVersion', 'pull', 'clear']);

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
 * - `add`, `incr`, `pull` and `clear` never make a failure an answer, so whatever they answer is right or wrong.
 */
export class CacheModel {
  readonly #slots = new Map<string, readonly Held[]>();
  readonly #now: () => number;
  readonly #faults: Faults;

  constructor(now: () => number, faults: Faults = 'none') {
    this.#now = now;
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
        for (const name of this.#slots.keys()) {
          this.#take(name, () => ({ next: undefined, outcome: { answer: undefined } }), outcome);
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
        return this.#take(nameOf(step), this.#deletion(outcome), outcome, [false]);
      default: {
        const { rule, fallbacks } = this.#ruleOf(step, value(step), outcome);
        return this.#take(nameOf(step), rule, outcome, fallbacks);
      }
    }
  }

  #mayFail(step: Step): boolean {
    return this.#faults === 'throw' || (this.#faults === 'miss' && DECIDES.has(step.do));
  }

  /** Everything that may be in a slot now. */
  #held(name: string): readonly Held[] {
    const now = this.#now();
    return (this.#slots.get(name) ?? [undefined]).map((held) =>
      held && held.expiresAt > now ? held : undefined,
    );
  }

  /** Keeps what the outcome leaves possible. */
  #take(
    name: string,
    rule: Rule,
    outcome: Outcome,
    fallbacks: readonly unknown[] = [],
  ): string | undefined {
    const before = this.#held(name);
    const isFallback =
      this.#faults === 'miss' &&
      'answer' in outcome &&
      fallbacks.some((fallback) => isEqual(outcome.answer, fallback));
    const after: Held[] = [];
    for (const held of before) {
      const { next, outcome: right } = rule(held);
      if (isEqual(outcome, right)) after.push(next);
      if (isFallback || 'failed' in outcome) after.push(held, next);
    }
    if (after.length === 0) {
      const right = before.map((held) => rule(held).outcome);
      return `${name}: ${show(outcome)}, where only ${show(right)} would be right`;
    }
    this.#slots.set(name, distinct(after));
    return undefined;
  }

  #ruleOf(
    step: Exclude<Step, StepOf<Many | 'advance' | 'clear' | 'delete' | 'incrVersion' | 'getOrSet'>>,
    value: unknown,
    outcome: Outcome,
  ): { readonly rule: Rule; readonly fallbacks?: readonly unknown[] } {
    switch (step.do) {
      case 'get':
        return { rule: (held) => answer(held, held?.value), fallbacks: [undefined] };
      case 'has':
        return { rule: (held) => answer(held, held !== undefined), fallbacks: [false] };
      case 'ttl':
        return { rule: (held) => answer(held, this.#secondsLeft(held)), fallbacks: [undefined] };
      case 'set':
        return { rule: () => answer(this.#entry(value, step.timeout), true), fallbacks: [false] };
      case 'touch':
        // Then it is a deletion.
        if (step.timeout !== null && step.timeout <= 0) {
          return { rule: this.#deletion(outcome), fallbacks: [false] };
        }
        return {
          rule: (held) => answer(held && this.#entry(held.value, step.timeout), held !== undefined),
          fallbacks: [false],
        };
      case 'add':
        return {
          rule: (held) => answer(held ?? this.#entry(value, step.timeout), held === undefined),
        };
      case 'pull':
        return { rule: (held) => answer(undefined, held?.value) };
      default:
        return { rule: (held) => this.#counted(step, held) };
    }
  }

  #counted(step: StepOf<'incr'>, held: Held): ReturnType<Rule> {
    if (held === undefined) {
      if (step.initial === undefined) return refused(held, 'CacheKeyNotFoundError');
      const begun = step.initial + step.delta;
      return answer(this.#entry(begun, step.timeout), begun);
    }
    if (typeof held.value !== 'number') return refused(held, 'CacheTypeError');
    const sum = held.value + step.delta;
    return answer({ ...held, value: sum }, sum);
  }

  /** memcached may count what is being loaded, and a load that failed may have left that behind. */
  #deletion(outcome: Outcome): Rule {
    const isLease = this.#faults !== 'none' && isEqual(outcome, { answer: true });
    return (held) => answer(undefined, isLease || held !== undefined);
  }

  #load(step: StepOf<'getOrSet'>, value: unknown, outcome: Outcome): string | undefined {
    const loads = 'loads' in outcome ? outcome.loads : 0;
    const rule: Rule = (held) => {
      // A read that failed became a miss, so it was loaded; what is there is left alone.
      const isMissed = this.#faults === 'miss' && loads === 1;
      if (held && !isMissed) return { next: held, outcome: { answer: held.value, loads: 0 } };
      const next = held ?? this.#entry(value, step.timeout);
      return { next, outcome: { answer: value, loads: 1 } };
    };
    if ('failed' in outcome) {
      // It asks first. Only who is told that nothing is there loads, and then stores.
      const isRead = loads === 1;
      const before = this.#held(nameOf(step)).filter((held) => !isRead || held === undefined);
      if (before.length === 0) return `${nameOf(step)}: loaded, though a value is there`;
      const after = before.flatMap((held) => (isRead ? [held, rule(held).next] : [held]));
      this.#slots.set(nameOf(step), distinct(after));
      return undefined;
    }
    const before = this.#held(nameOf(step));
    const fault = this.#take(nameOf(step), rule, outcome);
    if (fault === undefined && this.#faults === 'miss' && loads === 1) {
      // Whether it was stored is not told.
      this.#slots.set(nameOf(step), distinct([...before, ...this.#held(nameOf(step))]));
    }
    return fault;
  }

  #many(step: StepOf<Many>, value: (slot: Slot) => unknown, outcome: Outcome): string | undefined {
    const slots = step.keys.map((key) => ({ key, version: step.version }));
    if (step.do === 'deleteMany') return this.#deleteMany(slots, outcome);
    const faults = slots.map((slot) => {
      const name = nameOf(slot);
      if (step.do === 'getMany') {
        const found =
          'answer' in outcome
            ? { answer: (outcome.answer as Map<string, unknown>).get(slot.key) }
            : outcome;
        return this.#take(name, (held) => answer(held, held?.value), found, [undefined]);
      }
      const stored =
        'answer' in outcome
          ? { answer: !(outcome.answer as string[]).includes(slot.key) }
          : outcome;
      const entry = this.#entry(value(slot), step.timeout);
      return this.#take(name, () => answer(entry, true), stored, [false]);
    });
    return faults.find((fault) => fault !== undefined);
  }

  #deleteMany(slots: readonly Slot[], outcome: Outcome): string | undefined {
    const before = slots.map((slot) => this.#held(nameOf(slot)));
    const mayFail = this.#faults === 'miss' || 'failed' in outcome;
    slots.forEach((slot, index) => {
      this.#slots.set(nameOf(slot), distinct([undefined, ...(mayFail ? before[index]! : [])]));
    });
    if ('failed' in outcome) return undefined;
    const mayBeLeases = this.#faults !== 'none';
    const most = before.filter((held) => mayBeLeases || held.some(Boolean)).length;
    const least = mayFail ? 0 : before.filter((held) => held.every(Boolean)).length;
    const count = (outcome as { readonly answer: number }).answer;
    if (count >= least && count <= most) return undefined;
    return `deleteMany: ${count}, where at least ${least} and at most ${most} would be right`;
  }

  #move(step: StepOf<'incrVersion'>, outcome: Outcome): string | undefined {
    const from = nameOf(step);
    const version = step.version + step.delta;
    const to = nameOf({ key: step.key, version });
    const [source, target] = [this.#held(from), this.#held(to)];
    const moved = source.flatMap((held) => {
      if (!held || step.timeout === undefined) return held ? [held] : [];
      return [this.#entry(held.value, step.timeout)];
    });
    if ('failed' in outcome) {
      this.#slots.set(from, distinct([...source, undefined]));
      this.#slots.set(to, distinct([...target, ...moved]));
      return undefined;
    }
    if ('refused' in outcome) {
      if (source.every(Boolean)) return `${from}: ${outcome.refused}, though an entry is there`;
      this.#slots.set(from, [undefined]);
      return outcome.refused === 'CacheKeyNotFoundError'
        ? undefined
        : `${from}: ${outcome.refused}`;
    }
    if (moved.length === 0) return `${from}: moved, though there is no entry`;
    this.#slots.set(from, [undefined]);
    this.#slots.set(to, distinct(moved));
    return outcome.answer === version ? undefined : `${from}: moved to ${show(outcome.answer)}`;
  }

  #entry(value: unknown, timeout: number | null): Held {
    if (timeout === null) return { value, expiresAt: Infinity };
    return timeout <= 0 ? undefined : { value, expiresAt: this.#now() + timeout * 1_000 };
  }

  #secondsLeft(held: Held): number | null | undefined {
    if (held === undefined || held.expiresAt === Infinity) return held && null;
    return (held.expiresAt - this.#now()) / 1_000;
  }
}

/** The name of a slot in messages. */
export function nameOf({ key, version }: Slot): string {
  return `${key.length > 20 ? `${key.slice(0, 20)}…` : key} (${version})`;
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
