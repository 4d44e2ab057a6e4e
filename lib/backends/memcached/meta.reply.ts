/** What a reply line begins with, as the two bytes of it. */
export const CODE = {
  /** Done, or found without its value. */
  HD: 0x48_44,
  /** Found, with its value. */
  VA: 0x56_41,
  /** No such item, in answer to `mg`. */
  EN: 0x45_4e,
  /** No such item, in answer to the others. */
  NF: 0x4e_46,
  /** Not stored. */
  NS: 0x4e_53,
  /** The item's CAS number is another. */
  EX: 0x45_58,
  /** In answer to `mn`. */
  MN: 0x4d_4e,
  /** In answer to `flush_all`. */
  OK: 0x4f_4b,
  /** A line of the older text protocol, such as `VERSION 1.6.18`. */
  line: 1,
  /** A line that begins with `ERROR`, `CLIENT_ERROR` or `SERVER_ERROR`. */
  error: 2,
} as const;

/** Which flags a reply bore, as bits. */
export const SEEN = { flags: 1, cas: 2, ttl: 4, size: 8, opaque: 16 } as const;

const NO_BYTES = Buffer.alloc(0);

/** What came is no reply that could be meant here. The connection cannot be believed any more. */
export class BadReply {
  /** @param what What the server sent, as part of a sentence. */
  constructor(readonly what: string) {}
}

/**
 * One reply of the server.
 *
 * There is one object for all replies of a connection, and its bytes may lie in the buffer that is read into next, so it
 * holds only while it is handed out.
 */
export class MetaReply {
  code = 0;
  /** Bits of `SEEN`. */
  seen = 0;
  /** The item's own flags, `f`. */
  flags = 0;
  /** `c`. */
  cas = 0n;
  /** Seconds left, `t`; -1 = for ever. */
  ttl = 0;
  /** Bytes of the item's value: `s`, or what follows `VA`. */
  size = 0;
  /** `W`: this client is to load the value. */
  isWon = false;
  /** `X`: the item was marked stale. */
  isStale = false;
  /** `Z`: another client is to load the value. */
  isTaken = false;
  /** The line, for `CODE.line` and `CODE.error`. */
  text = '';
  /** Where the value is, for `CODE.VA`. */
  body: Buffer = NO_BYTES;
  bodyStart = 0;
  /** True if `body` is the value and nothing else, and belongs to whoever takes it. */
  ownsBody = false;
  /** What the request was numbered with, `O`. */
  opaque = 0;

  /** Begins another reply. */
  begin(code: number): void {
    this.code = code;
    this.isWon = false;
    this.isStale = false;
    this.isTaken = false;
  }

  /** True if it is the reply to the request of this number. Servers may leave the number out where there is no item. */
  isTo(opaque: number): boolean {
    return (this.seen & SEEN.opaque) === 0 ? this.code === CODE.EN : this.opaque === opaque;
  }

  /** True if it has exactly these flags besides the marks `W`, `X` and `Z`. */
  has(code: number, seen: number): boolean {
    return this.code === code && this.seen === seen;
  }
}

/** The error for what is no reply of the meta protocol at all. */
export function notTheProtocol(): BadReply {
  return new BadReply('something that is not the meta protocol');
}
