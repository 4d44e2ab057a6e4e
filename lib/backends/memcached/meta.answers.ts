import type { Payload } from '../../core/cache-backend.interface.js';
import {
  FLAG_INTEGER,
  FLAG_JSON,
  FLAG_LONG,
  FLAG_RENEWED_LEASE,
  FLAG_TAGGED_JSON,
  FLAG_TEXT,
} from '../../core/payload-flags.js';
import type { MemcachedItem } from './memcached-client.interface.js';
import { BadReply, CODE, SEEN, notTheProtocol } from './meta.reply.js';
import type { MetaReply } from './meta.reply.js';
import type { MetaForm } from './meta.request.js';

/** What a look at an item tells. */
export interface MetaLook {
  /** True if it is no value but a lease that its owner has not filled. */
  readonly isLease: boolean;
  readonly cas: bigint;
  /** Seconds left; -1 = for ever. */
  readonly ttl: number;
}

/** An item, also if it is only a lease. */
export interface MetaFound extends MemcachedItem, MetaLook {
  /** This client is to load the value. */
  readonly isWon: boolean;
  /** Another client is to load the value. */
  readonly isTaken: boolean;
  /** The item was marked stale. */
  readonly isStale: boolean;
}

/** How `ms` ended. */
export interface MetaOutcome {
  /** `other`: the CAS number is another. `exists`: it was to be added and is there. `refused`: no room, or too large. */
  readonly is: 'done' | 'missing' | 'other' | 'exists' | 'refused';
  /** The item's CAS number after `ms`. */
  readonly cas: bigint;
}

type Sliceable = Buffer & { readonly utf8Slice?: (start: number, end: number) => string };

const ITEM_FLAGS = SEEN.size | SEEN.flags | SEEN.opaque;
const WITH_CAS = ITEM_FLAGS | SEEN.cas;
const WITH_CAS_AND_TTL = WITH_CAS | SEEN.ttl;

/** `mg … v s f`: the payload; undefined if there is none, or only a lease. */
export const PAYLOAD: MetaForm<Payload | undefined> = {
  operation: 'get',
  read: readPayload,
};

/** `mg … v s f c`. */
export const ITEM: MetaForm<MemcachedItem | undefined> = {
  operation: 'get',
  read: (reply) => {
    if (reply.code === CODE.EN) return undefined;
    if (!reply.has(CODE.VA, WITH_CAS)) throw unexpected(reply);
    return isLease(reply) ? undefined : { payload: payloadOf(reply), cas: reply.cas };
  },
};

/** `mg … v s f c t`: what is there, also if it is only a lease. */
export const FOUND: MetaForm<MetaFound | undefined> = {
  operation: 'get',
  read: (reply) => {
    if (reply.code === CODE.EN) return undefined;
    if (!reply.has(CODE.VA, WITH_CAS_AND_TTL)) throw unexpected(reply);
    const { cas, ttl, isWon, isTaken, isStale } = reply;
    const payload = payloadOf(reply);
    return { payload, cas, ttl, isLease: isLease(reply), isWon, isTaken, isStale };
  },
};

/** `mg … s f c t`: whether there is an item; undefined if not. */
export const LOOK: MetaForm<MetaLook | undefined> = {
  operation: 'get',
  read: (reply) => {
    if (reply.code === CODE.EN) return undefined;
    if (!reply.has(CODE.HD, WITH_CAS_AND_TTL)) throw unexpected(reply);
    return { isLease: isLease(reply), cas: reply.cas, ttl: reply.ttl };
  },
};

/** `ms …`: whether it was stored. */
export const STORED: MetaForm<boolean> = {
  operation: 'set',
  read: (reply) => {
    switch (reply.code) {
      case CODE.HD:
        return true;
      case CODE.NS:
      case CODE.EX:
      case CODE.NF:
        return false;
      default:
        throw unexpected(reply);
    }
  },
  readError: (line) => (isRefusal(line) ? false : undefined),
};

/** `ms … c`: how it ended. */
export const OUTCOME: MetaForm<MetaOutcome> = {
  operation: 'set',
  read: (reply) => {
    switch (reply.code) {
      case CODE.HD:
        if (reply.seen !== (SEEN.cas | SEEN.opaque)) throw unexpected(reply);
        return { is: 'done', cas: reply.cas };
      case CODE.NS:
        return { is: 'exists', cas: 0n };
      case CODE.EX:
        return { is: 'other', cas: 0n };
      case CODE.NF:
        return { is: 'missing', cas: 0n };
      default:
        throw unexpected(reply);
    }
  },
  readError: (line) => (isRefusal(line) ? { is: 'refused', cas: 0n } : undefined),
};

/** `md …`. */
export const DELETED: MetaForm<boolean> = {
  operation: 'delete',
  read: (reply) => {
    switch (reply.code) {
      case CODE.HD:
        return true;
      case CODE.NF:
      case CODE.EX:
        return false;
      default:
        throw unexpected(reply);
    }
  },
};

/** `ma … v`: the new value; how it failed otherwise. */
export const COUNTED: MetaForm<bigint | 'missing' | 'other' | 'no number'> = {
  operation: 'incr',
  read: (reply) => {
    switch (reply.code) {
      case CODE.VA:
        if (reply.seen !== SEEN.opaque) throw unexpected(reply);
        return numberIn(reply);
      case CODE.NF:
        return 'missing';
      case CODE.EX:
        return 'other';
      default:
        throw unexpected(reply);
    }
  },
  readError: (line) => (line.startsWith('CLIENT_ERROR cannot increment') ? 'no number' : undefined),
};

/** `mn`. */
export const PINGED: MetaForm<void> = {
  operation: 'ping',
  read: (reply) => expectCode(reply, CODE.MN),
};

/** `flush_all`. */
export const FLUSHED: MetaForm<void> = {
  operation: 'flush_all',
  read: (reply) => expectCode(reply, CODE.OK),
};

/** The error for a reply that is none to what was asked. */
export function unexpected({ code }: MetaReply): BadReply {
  return code === CODE.line ? notTheProtocol() : new BadReply('an answer to another command');
}

/** The payload of a reply to `mg … v s f`. */
export function readPayload(reply: MetaReply): Payload | undefined {
  if (reply.code === CODE.EN) return undefined;
  if (!reply.has(CODE.VA, ITEM_FLAGS)) throw unexpected(reply);
  return isLease(reply) ? undefined : payloadOf(reply);
}

/** True if there is no value yet: the server keeps a lease as an empty item without flags. */
function isLease(reply: MetaReply): boolean {
  return reply.size === 0 && (reply.flags === 0 || reply.flags === FLAG_RENEWED_LEASE);
}

/** Text leaves as text: it has to be copied out of the buffer in any case, and whoever decodes it wants a string. */
function payloadOf(reply: MetaReply): Payload {
  const { body, bodyStart, flags, size } = reply;
  switch (flags) {
    case FLAG_TEXT:
    case FLAG_JSON:
    case FLAG_TAGGED_JSON:
      return { flags, data: textOf(body, bodyStart, bodyStart + size) };
    case FLAG_INTEGER:
    case FLAG_LONG:
      return { flags, data: body.toString('latin1', bodyStart, bodyStart + size) };
    default: {
      const bytes = body.subarray(bodyStart, bodyStart + size);
      return { flags, data: reply.ownsBody ? bytes : Buffer.from(bytes) };
    }
  }
}

/** UTF-8 as text. Node's own method for it saves a tenth of the time of `toString`, which would end there. */
function textOf(bytes: Sliceable, start: number, end: number): string {
  return bytes.utf8Slice?.(start, end) ?? bytes.toString('utf8', start, end);
}

/** The server cannot hold the value. */
function isRefusal(line: string): boolean {
  return (
    line.startsWith('SERVER_ERROR object too large') ||
    line.startsWith('SERVER_ERROR out of memory')
  );
}

function numberIn(reply: MetaReply): bigint {
  const text = reply.body.toString('latin1', reply.bodyStart, reply.bodyStart + reply.size);
  if (!/^\d{1,20}$/.test(text)) throw new BadReply('a count that is no number');
  return BigInt(text);
}

function expectCode(reply: MetaReply, code: number): void {
  if (reply.code !== code) throw unexpected(reply);
}
