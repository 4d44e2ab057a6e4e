import type { Payload } from './cache-backend.interface.js';
import type { TreePayload } from './tree-payload.js';

/**
 * Turns values that are not text, integers or bytes into payloads and back.
 *
 * It deals in data only: a payload can never revive a class by name, touch a prototype or run code. What could not be
 * given back equal is refused in `serialize`.
 */
export interface Serializer {
  /** The serializer's name in messages, such as `json`. */
  readonly name: string;
  /**
   * The payload of a value.
   *
   * @throws {CacheSerializationError} naming the path inside the value and what to do, if it could not be given back equal.
   */
  serialize(value: unknown): Payload;
  /**
   * A payload that holds a copy of the value: exactly what `deserialize(serialize(value))` would give. Undefined for a value
   * that has to be written out. Used where payloads stay in this process; absent, every value is written out.
   */
  keep?(value: unknown): TreePayload | undefined;
  /** True if `deserialize` reads payloads with these flags. */
  reads(flags: number): boolean;
  /**
   * A new value, shared with nobody.
   *
   * @throws any error if the payload cannot be read; the caller treats it as a miss.
   */
  deserialize(payload: Payload): unknown;
  /**
   * True if the flags mark values that are trees of plain objects, arrays and primitives only, so that a frozen one may
   * be handed out many times. Default: none.
   */
  isPlain?(flags: number): boolean;
}
