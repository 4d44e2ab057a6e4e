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
import { unexpected } from './meta.answers.js';
import { CODE, SEEN } from './meta.reply.js';
import type { MetaReply } from './meta.reply.js';
import type { MetaForm } from './meta.request.js';

/** What a look at an item tells. */
export interface MetaLook {
  /** True if it is no value but a lease that its owner has not filled. */
  readonly isLease: boolean;
  readonly flags: number;
  readonly cas: bigint;
  /** Seconds left; -1 = for ever. */
  readonly ttl: number;
}

/** An item, also if it is only a lease. */
export interface MetaFound extends MemcachedItem, Omit<MetaLook, 'flags'> {
  /** This client is to load the value. */
  readonly isWon: boolean;
  /** Another client is to load the value. */
  readonly isTaken: boolean;
  /** The item was marked stale. */
  readonly isStale: boolean;
}

/** How the replies to `mg` are read. */
export interface MetaItems {
  /** `mg … v s f`: the payload; undefined if there is none, or only a lease. */
  readonly payload: MetaForm<Payload | undefined>;
  /** `mg … v s f c`. */
  readonly item: MetaForm<MemcachedItem | undefined>;
  /** `mg … v s f c t`: what is there, also if it is only a lease. */
  readonly found: MetaForm<MetaFound | undefined>;
  /** `mg … s f c t`: whether there is an item; undefined if not. */
  readonly look: MetaForm<MetaLook | undefined>;
}

type Sliceable = Buffer & { readonly utf8Slice?: (start: number, end: number) => string };

const ITEM_FLAGS = SEEN.size | SEEN.flags | SEEN.opaque;
const WITH_CAS = ITEM_FLAGS | SEEN.cas;
const WITH_CAS_AND_TTL = WITH_CAS | SEEN.ttl;

/** Items of which some may be leases. */
export const LEASED_ITEMS = itemsWhere(isLease);

/** Items none of which is a lease, so that an empty one is an empty value. */
export const FOREIGN_ITEMS = itemsWhere(() => false);

function itemsWhere(isLeaseReply: (reply: MetaReply) => boolean): MetaItems {
  return {
    payload: {
      operation: 'get',
      read: (reply) => {
        if (reply.code === CODE.EN) return undefined;
        if (!reply.has(CODE.VA, ITEM_FLAGS)) throw unexpected(reply);
        return isLeaseReply(reply) ? undefined : payloadOf(reply);
      },
    },
    item: {
      operation: 'get',
      read: (reply) => {
        if (reply.code === CODE.EN) return undefined;
        if (!reply.has(CODE.VA, WITH_CAS)) throw unexpected(reply);
        return isLeaseReply(reply) ? undefined : { payload: payloadOf(reply), cas: reply.cas };
      },
    },
    found: {
      operation: 'get',
      read: (reply) => {
        if (reply.code === CODE.EN) return undefined;
        if (!reply.has(CODE.VA, WITH_CAS_AND_TTL)) throw unexpected(reply);
        const { cas, ttl, isWon, isTaken, isStale } = reply;
        const payload = payloadOf(reply);
        return { payload, cas, ttl, isLease: isLeaseReply(reply), isWon, isTaken, isStale };
      },
    },
    look: {
      operation: 'get',
      read: (reply) => {
        if (reply.code === CODE.EN) return undefined;
        if (!reply.has(CODE.HD, WITH_CAS_AND_TTL)) throw unexpected(reply);
        const { flags, cas, ttl } = reply;
        return { isLease: isLeaseReply(reply), flags, cas, ttl };
      },
    },
  };
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
