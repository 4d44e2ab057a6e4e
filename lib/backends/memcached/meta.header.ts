import { BadReply, CODE, SEEN, notTheProtocol } from './meta.reply.js';
import type { MetaReply } from './meta.reply.js';

/** The rest of the line has not arrived. */
export const INCOMPLETE = -1;

const LF = 10;
const CR = 13;
const SPACE = 32;
const MINUS = 45;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const UPPER_A = 65;
const UPPER_Z = 90;
const LETTER = {
  O: 0x4f,
  W: 0x57,
  X: 0x58,
  Z: 0x5a,
  c: 0x63,
  f: 0x66,
  s: 0x73,
  t: 0x74,
} as const;
const LARGEST_FLAGS = 0xffff_ffff;
// Above this many digits a number may be inexact.
const EXACT_DIGITS = 15;
const MOST_CAS_DIGITS = 20;

/**
 * Reads the line of one reply, from its first byte.
 *
 * What lies in the buffer beyond `end` is of an earlier reading; it may be looked at, but nothing may follow from it.
 *
 * @returns Where the line ends, behind its CR LF; `INCOMPLETE` if that is not before `end`.
 * @throws {BadReply} if it is no line of the meta protocol.
 */
export function readHeader(reply: MetaReply, bytes: Buffer, from: number, end: number): number {
  const first = bytes[from]!;
  if (first < UPPER_A || first > UPPER_Z) throw notTheProtocol();
  if (end - from < 4) return INCOMPLETE;
  const third = bytes[from + 2]!;
  if (third !== SPACE && third !== CR) return readLine(reply, bytes, from, end);
  const code = (first << 8) | bytes[from + 1]!;
  reply.begin(code);
  switch (code) {
    case CODE.VA:
      return readSize(reply, bytes, from + 3, end);
    case CODE.HD:
    case CODE.EN:
    case CODE.NF:
    case CODE.NS:
    case CODE.EX:
    case CODE.MN:
    case CODE.OK:
      return readFlags(reply, bytes, from + 2, end);
    default:
      throw notTheProtocol();
  }
}

function readSize(reply: MetaReply, bytes: Buffer, from: number, end: number): number {
  let at = from;
  let size = 0;
  for (let byte = bytes[at]!; byte >= DIGIT_0 && byte <= DIGIT_9; byte = bytes[++at]!) {
    size = size * 10 + byte - DIGIT_0;
  }
  if (at >= end) return INCOMPLETE;
  if (at === from || at - from > EXACT_DIGITS) throw unreadable();
  reply.size = size;
  return readFlags(reply, bytes, at, end);
}

function readFlags(reply: MetaReply, bytes: Buffer, from: number, end: number): number {
  let at = from;
  let seen = 0;
  while (bytes[at] === SPACE) {
    const letter = bytes[at + 1];
    const start = at + 2;
    at = start;
    let byte = bytes[at]!;
    let number = 0;
    let flag = 0;
    switch (letter) {
      case LETTER.W:
        reply.isWon = true;
        continue;
      case LETTER.X:
        reply.isStale = true;
        continue;
      case LETTER.Z:
        reply.isTaken = true;
        continue;
      default:
        if (letter === LETTER.t && byte === MINUS) byte = bytes[++at]!;
        while (byte >= DIGIT_0 && byte <= DIGIT_9) {
          number = number * 10 + byte - DIGIT_0;
          byte = bytes[++at]!;
        }
        if (at < end) flag = take(reply, letter!, number, bytes, start, at);
    }
    if (at >= end) return INCOMPLETE;
    if (at === start || (seen & flag) !== 0) throw unreadable();
    seen |= flag;
  }
  if (at + 1 >= end) return INCOMPLETE;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) throw unreadable();
  reply.seen = seen;
  return at + 2;
}

/** Takes the number of a flag, and answers which it is. */
function take(
  reply: MetaReply,
  letter: number,
  number: number,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  switch (letter) {
    case LETTER.O:
      reply.opaque = number;
      return SEEN.opaque;
    case LETTER.f:
      if (number > LARGEST_FLAGS) throw unreadable();
      reply.flags = number;
      return SEEN.flags;
    case LETTER.s:
      // Behind "VA" the size has been told already.
      if (reply.code === CODE.VA && number !== reply.size) throw unreadable();
      reply.size = number;
      return SEEN.size;
    case LETTER.c:
      if (end - start > MOST_CAS_DIGITS) throw unreadable();
      reply.cas =
        end - start > EXACT_DIGITS ? BigInt(bytes.toString('latin1', start, end)) : BigInt(number);
      return SEEN.cas;
    case LETTER.t:
      if (bytes[start] === MINUS && number !== 1) throw unreadable();
      reply.ttl = bytes[start] === MINUS ? -1 : number;
      return SEEN.ttl;
    default:
      throw unreadable();
  }
}

/** Reads a line of the older text protocol. */
function readLine(reply: MetaReply, bytes: Buffer, from: number, end: number): number {
  const lf = bytes.indexOf(LF, from);
  if (lf === -1 || lf >= end) return INCOMPLETE;
  if (bytes[lf - 1] !== CR) throw unreadable();
  const text = bytes.toString('latin1', from, lf - 1);
  const isError =
    text === 'ERROR' ||
    text.startsWith('ERROR ') ||
    text.startsWith('CLIENT_ERROR ') ||
    text.startsWith('SERVER_ERROR ');
  reply.begin(isError ? CODE.error : CODE.line);
  reply.text = text;
  return lf + 1;
}

/** The error for a reply that is of the protocol and still none that a server sends. */
export function unreadable(): BadReply {
  return new BadReply('a reply that cannot be read');
}
