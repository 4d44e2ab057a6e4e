/** Commands of memcached's binary protocol, the one that memjs speaks. */
export const OPCODE = {
  set: 0x01,
  add: 0x02,
  delete: 0x04,
  increment: 0x05,
  decrement: 0x06,
  flush: 0x08,
  version: 0x0b,
  /** A get whose answer bears the key, so that it can be compared. */
  getWithKey: 0x0c,
  stat: 0x10,
  touch: 0x1c,
} as const;

/** Answers of memcached's binary protocol. */
export const STATUS = {
  ok: 0x00,
  keyNotFound: 0x01,
  keyExists: 0x02,
  tooLarge: 0x03,
  notStored: 0x05,
  notANumber: 0x06,
  outOfMemory: 0x82,
} as const;

/** The first byte of every answer. */
export const REPLY_MAGIC = 0x81;

const REQUEST_MAGIC = 0x80;
const HEADER_BYTES = 24;
// memcached's largest setting for an item is 1 GiB.
const LONGEST_REPLY = (1 << 30) + (1 << 20);

/** What a request holds besides its command. */
export interface PacketParts {
  readonly key?: string;
  readonly extras?: Buffer;
  readonly value?: Buffer | string;
  /** The command holds only for the item with this number; 0 for any. */
  readonly cas?: bigint;
}

/**
 * One request of the binary protocol, whole.
 *
 * memjs builds requests too, but without flags and CAS numbers, and with amounts of 32 bits.
 *
 * @param sequence Comes back in the answer; 32 bits, unsigned.
 */
export function requestPacket(opcode: number, sequence: number, parts: PacketParts): Buffer {
  const { key = '', extras, value = '', cas = 0n } = parts;
  const keyBytes = Buffer.byteLength(key);
  const extrasBytes = extras === undefined ? 0 : extras.length;
  const valueBytes = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  const bodyBytes = extrasBytes + keyBytes + valueBytes;
  const packet = Buffer.allocUnsafe(HEADER_BYTES + bodyBytes);
  packet.writeUInt8(REQUEST_MAGIC, 0);
  packet.writeUInt8(opcode, 1);
  packet.writeUInt16BE(keyBytes, 2);
  packet.writeUInt8(extrasBytes, 4);
  packet.writeUIntBE(0, 5, 3);
  packet.writeUInt32BE(bodyBytes, 8);
  packet.writeUInt32BE(sequence, 12);
  packet.writeBigUInt64BE(cas, 16);
  extras?.copy(packet, HEADER_BYTES);
  packet.write(key, HEADER_BYTES + extrasBytes);
  const valueAt = HEADER_BYTES + extrasBytes + keyBytes;
  if (typeof value === 'string') packet.write(value, valueAt);
  else value.copy(packet, valueAt);
  return packet;
}

/** The extras of `set` and `add`. */
export function storeExtras(flags: number, expiry: number): Buffer {
  const extras = Buffer.allocUnsafe(8);
  extras.writeUInt32BE(flags, 0);
  extras.writeUInt32BE(expiry, 4);
  return extras;
}

/** The extras of `touch`. */
export function touchExtras(expiry: number): Buffer {
  const extras = Buffer.allocUnsafe(4);
  extras.writeUInt32BE(expiry, 0);
  return extras;
}

/** The extras of `increment` and `decrement`: by how much, and that a missing item stays missing. */
export function counterExtras(amount: bigint): Buffer {
  const extras = Buffer.alloc(20);
  extras.writeBigUInt64BE(amount, 0);
  extras.writeUInt32BE(0xffff_ffff, 16);
  return extras;
}

/** What is wrong with the beginning of an answer; undefined if it may be one. */
export function cannotBegin(rest: Buffer): string | undefined {
  if (rest.length > 0 && rest[0] !== REPLY_MAGIC) {
    return 'something that is not the binary protocol';
  }
  if (rest.length < HEADER_BYTES) return undefined;
  const bodyBytes = rest.readUInt32BE(8);
  const isPossible =
    bodyBytes <= LONGEST_REPLY && bodyBytes >= rest.readUInt16BE(2) + rest.readUInt8(4);
  return isPossible ? undefined : 'an answer of an impossible length';
}
