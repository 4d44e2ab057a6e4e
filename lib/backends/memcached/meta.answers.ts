import { BadReply, CODE, SEEN, notTheProtocol } from './meta.reply.js';
import type { MetaReply } from './meta.reply.js';
import type { MetaForm } from './meta.request.js';

/** How `ms` ended. */
export interface MetaOutcome {
  /** `other`: the CAS number is another. `exists`: it was to be added and is there. `refused`: no room, or too large. */
  readonly is: 'done' | 'missing' | 'other' | 'exists' | 'refused';
  /** The item's CAS number after `ms`. */
  readonly cas: bigint;
}

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
