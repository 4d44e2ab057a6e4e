import { changedByOthers, countsWithoutCas, pauseAfterLoss } from './contention.js';
import type { Payload } from '../../core/cache-backend.interface.js';
import { integerOf, notAnInteger, safeSum } from '../../core/integer-payload.js';
import { KeyTurns } from '../../core/key-turns.js';
import { FLAG_INTEGER } from '../../core/payload-flags.js';
import { NEVER, expiryOf } from './expiry.js';
import type { MetaOutcome } from './meta.answers.js';
import type { MetaFound } from './meta.items.js';
import type { CounterItem } from './memcached-client.interface.js';
import type { MetaCommands } from './meta.commands.js';
import { noRoom } from './meta.errors.js';

const TWO_TO_64 = 2n ** 64n;
const LARGEST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const TRIES = 100;
const TTL_TRIES = 3;

/**
 * `incr`: atomic across processes, over all safe integers, with ttl and flags as they were.
 *
 * The server counts by itself from 0 to 2^64 - 1, and stops at 0. What is or becomes negative is replaced by compare and
 * swap with the time it has left.
 */
export class MetaCounter {
  readonly #commands: MetaCommands;
  // Changes of one counter by compare and swap wait for each other here, so that they do not take each other's numbers.
  readonly #turns = new KeyTurns();

  constructor(commands: MetaCommands) {
    this.#commands = commands;
  }

  /** Adds to the counter. */
  async incr(
    key: string,
    delta: number,
    shownKey: string,
    start?: CounterItem,
  ): Promise<number | undefined> {
    checkSafe('delta', delta);
    if (start !== undefined) checkSafe('start.value', start.value);
    const change = (): Promise<number | undefined> => this.#change(key, delta, shownKey, start);
    if (delta < 0) return this.#turns.run(key, change);
    const begun = this.#begin(key, delta, shownKey, start);
    const counted = this.#commands.count(key, 'MI', BigInt(delta));
    // Both have been sent; neither failure may go unseen.
    const [, answer] = await Promise.all([begun, counted]);
    if (typeof answer === 'bigint') return this.#checked(key, delta, answer, shownKey);
    if (answer === 'missing' && start === undefined) return undefined;
    // It may be negative, and an integer for all that; or be a lease; or have gone between the two commands.
    return this.#turns.run(key, change);
  }

  /** Begins a counter that the server can count on with. */
  #begin(
    key: string,
    delta: number,
    shownKey: string,
    start: CounterItem | undefined,
  ): Promise<MetaOutcome> | undefined {
    if (start === undefined || start.value < 0) return undefined;
    safeSum(BigInt(start.value) + BigInt(delta), shownKey);
    return this.#commands.put('add', key, integer(start.value), start.expiry);
  }

  async #checked(key: string, delta: number, value: bigint, shownKey: string): Promise<number> {
    const hasWrapped = value < BigInt(delta);
    if (!hasWrapped && value <= LARGEST_SAFE) return Number(value);
    // The server adds modulo 2^64, so this takes back exactly what was added, wrapped or not.
    if (delta > 0) await this.#commands.count(key, 'MI', TWO_TO_64 - BigInt(delta));
    return safeSum(hasWrapped ? value + TWO_TO_64 : value, shownKey);
  }

  async #change(
    key: string,
    delta: number,
    shownKey: string,
    start: CounterItem | undefined,
  ): Promise<number | undefined> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      await pauseAfterLoss(tries);
      const item = await this.#commands.find(key);
      if (item === undefined || item.isLease) {
        if (start === undefined) return undefined;
        const value = safeSum(BigInt(start.value) + BigInt(delta), shownKey);
        if (item?.cas === 0n) throw countsWithoutCas(this.#commands.server, shownKey);
        const mode = item === undefined ? 'add' : 'set';
        const payload = integer(value);
        const outcome = await this.#commands.put(mode, key, payload, start.expiry, item?.cas);
        if (this.#isDone(outcome, shownKey)) return value;
        continue;
      }
      const current = integerOf(item.payload);
      if (current === undefined) throw notAnInteger(shownKey);
      const value = safeSum(current + BigInt(delta), shownKey);
      if (delta === 0) return value;
      if (item.cas === 0n) throw countsWithoutCas(this.#commands.server, shownKey);
      if (current < 0n || value < 0) {
        if (await this.#replace(key, item, value, shownKey)) return value;
        continue;
      }
      const mode = delta < 0 ? 'MD' : 'MI';
      const by = BigInt(Math.abs(delta));
      const answer = await this.#commands.count(key, mode, by, item.cas);
      if (typeof answer === 'bigint') return value;
      if (answer === 'no number') throw notAnInteger(shownKey);
    }
    throw changedByOthers(this.#commands.server, 'incr', shownKey, TRIES);
  }

  /**
   * Puts another number in the place of an item, with the time that the item has left.
   *
   * Time is told in whole seconds, and one may end on the server between asking and storing; far dates are sent by this
   * machine's clock, which may be another. Repeated often enough, the counter would never expire. So the time is looked at
   * right before and right after, and put right if it was off.
   */
  async #replace(key: string, item: MetaFound, value: number, shownKey: string): Promise<boolean> {
    const payload = { flags: item.payload.flags, data: String(value) };
    let { cas } = item;
    let expiry = expiryOfLeft(item.ttl);
    let surplus = 0;
    for (let tries = 0; tries < TTL_TRIES; tries += 1) {
      const [before, outcome, after] = await Promise.all([
        this.#commands.look(key),
        this.#commands.put('set', key, payload, expiry, cas),
        this.#commands.look(key),
      ]);
      if (!this.#isDone(outcome, shownKey)) return tries > 0;
      if (before === undefined || after?.cas !== outcome.cas || item.ttl === -1) return true;
      const right = before.ttl - surplus;
      surplus = after.ttl - right;
      if (surplus === 0) return true;
      expiry = expiryOfLeft(right, surplus);
      ({ cas } = outcome);
    }
    return true;
  }

  #isDone(outcome: MetaOutcome, shownKey: string): boolean {
    if (outcome.is !== 'refused') return outcome.is === 'done';
    throw noRoom(this.#commands.server, shownKey);
  }
}

function checkSafe(name: string, value: number): void {
  if (Number.isSafeInteger(value)) return;
  throw new TypeError(`"${name}" must be a safe integer, but ${String(value)} was given.`);
}

function integer(value: number): Payload {
  return { flags: FLAG_INTEGER, data: String(value) };
}

/** The seconds that are left as an expiry. @param ahead By how much a date came out too late on the server. */
function expiryOfLeft(ttl: number, ahead = 0): number {
  if (ttl === -1) return NEVER;
  const expiry = expiryOf(Math.max(1, ttl), Date.now());
  return expiry > ttl ? expiry - ahead : expiry;
}
