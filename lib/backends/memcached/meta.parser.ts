import { INCOMPLETE, readHeader, unreadable } from './meta.header.js';
import { BadReply, CODE, MetaReply } from './meta.reply.js';

// The longest line that any reply may have. A key has 250 bytes at most.
const LONGEST_LINE = 2048;
const CR = 13;
const LF = 10;
const LINE_END_BYTES = 2;
// A value that does not come in one piece is given this much at first, and more as it comes, so that a length alone costs
// no memory.
const FIRST_PIECE = 1 << 20;
const NO_BYTES = Buffer.alloc(0);

/**
 * Cuts what a server sends into replies. One parser lives as long as one connection.
 *
 * It is given a buffer that is read into again and again, so nothing of it is kept: a value that arrived in full is handed
 * out where it lies, for as long as the call lasts; one that did not is gathered in memory of its own.
 */
export class MetaParser {
  readonly #onReply: (reply: MetaReply) => void;
  readonly #maxValueBytes: number;
  readonly #reply = new MetaReply();
  /** The beginning of a line whose end has not arrived. */
  #line: Buffer = NO_BYTES;
  #lineBytes = 0;
  /** A value whose end has not arrived, its CR LF included. */
  #value: Buffer | undefined;
  #valueBytes = 0;

  /** @param onReply Takes a reply, which is valid until it returns. If it throws, parsing ends there. */
  constructor(onReply: (reply: MetaReply) => void, maxValueBytes: number) {
    this.#onReply = onReply;
    this.#maxValueBytes = maxValueBytes;
  }

  /**
   * Takes what arrived: the first bytes of a buffer.
   *
   * @throws {BadReply} if it is not the meta protocol. Nothing may be given to this parser afterwards.
   */
  push(chunk: Buffer, bytes: number): void {
    let at = 0;
    if (this.#value !== undefined) at = this.#resumeValue(this.#value, chunk, bytes);
    else if (this.#lineBytes > 0) at = this.#resumeLine(chunk, bytes);
    while (at < bytes) {
      const headEnd = readHeader(this.#reply, chunk, at, bytes);
      if (headEnd === INCOMPLETE) {
        this.#keepLine(chunk, at, bytes);
        return;
      }
      if (headEnd - at > LONGEST_LINE) throw tooLong();
      at = this.#finish(chunk, headEnd, bytes);
    }
  }

  /** The line has been read: hands the reply out, with its value if there is one. Answers where the next begins. */
  #finish(chunk: Buffer, from: number, bytes: number): number {
    const reply = this.#reply;
    if (reply.code !== CODE.VA) {
      this.#onReply(reply);
      return from;
    }
    if (reply.size > this.#maxValueBytes) throw new BadReply(`a value of ${reply.size} bytes`);
    const valueEnd = from + reply.size;
    if (valueEnd + LINE_END_BYTES > bytes) return this.#beginValue(chunk, from, bytes);
    checkLineEnd(chunk, valueEnd);
    reply.body = chunk;
    reply.bodyStart = from;
    reply.ownsBody = false;
    this.#onReply(reply);
    return valueEnd + LINE_END_BYTES;
  }

  #keepLine(chunk: Buffer, from: number, bytes: number): void {
    if (bytes - from > LONGEST_LINE) throw tooLong();
    if (this.#line.length === 0) this.#line = Buffer.allocUnsafeSlow(LONGEST_LINE);
    chunk.copy(this.#line, 0, from, bytes);
    this.#lineBytes = bytes - from;
  }

  #resumeLine(chunk: Buffer, bytes: number): number {
    const lf = chunk.indexOf(LF);
    const isWhole = lf !== -1 && lf < bytes;
    const end = isWhole ? lf + 1 : bytes;
    if (this.#lineBytes + end > LONGEST_LINE) throw tooLong();
    chunk.copy(this.#line, this.#lineBytes, 0, end);
    this.#lineBytes += end;
    if (!isWhole) return bytes;
    if (readHeader(this.#reply, this.#line, 0, this.#lineBytes) === INCOMPLETE) throw unreadable();
    this.#lineBytes = 0;
    return this.#finish(chunk, end, bytes);
  }

  #beginValue(chunk: Buffer, from: number, bytes: number): number {
    const wholeBytes = this.#reply.size + LINE_END_BYTES;
    const value = Buffer.allocUnsafeSlow(Math.min(wholeBytes, FIRST_PIECE));
    this.#valueBytes = chunk.copy(value, 0, from, bytes);
    this.#value = value;
    return bytes;
  }

  #resumeValue(begun: Buffer, chunk: Buffer, bytes: number): number {
    const reply = this.#reply;
    const wholeBytes = reply.size + LINE_END_BYTES;
    const taken = Math.min(wholeBytes - this.#valueBytes, bytes);
    const value = withRoom(begun, this.#valueBytes, this.#valueBytes + taken, wholeBytes);
    this.#value = value;
    this.#valueBytes += chunk.copy(value, this.#valueBytes, 0, taken);
    if (this.#valueBytes < wholeBytes) return bytes;
    this.#value = undefined;
    checkLineEnd(value, reply.size);
    reply.body = value.subarray(0, reply.size);
    reply.bodyStart = 0;
    reply.ownsBody = true;
    this.#onReply(reply);
    reply.body = NO_BYTES;
    return taken;
  }
}

/** The buffer, or a larger one with what was in it, if `needed` bytes do not fit. */
function withRoom(buffer: Buffer, used: number, needed: number, most: number): Buffer {
  if (needed <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafeSlow(Math.min(most, Math.max(needed, 2 * buffer.length)));
  buffer.copy(larger, 0, 0, used);
  return larger;
}

function tooLong(): BadReply {
  return new BadReply('a line of an impossible length');
}

function checkLineEnd(bytes: Buffer, at: number): void {
  if (bytes[at] !== CR || bytes[at + 1] !== LF) {
    throw new BadReply('a value of another length than it said');
  }
}
