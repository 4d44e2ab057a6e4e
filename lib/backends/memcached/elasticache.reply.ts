import { isIPv6 } from 'node:net';
import { BadReply } from './meta.reply.js';
import { parseLocation } from './server-address.js';
import type { ServerAddress } from './server-address.js';

/** The servers of a cluster, as its configuration endpoint tells them. */
export interface ElasticacheCluster {
  readonly kind: 'cluster';
  /** Grows with each change of the cluster. */
  readonly version: number;
  /** In the order told, without credentials. */
  readonly servers: readonly ServerAddress[];
}

/** What an endpoint answers to the question for its servers: them, that it has none to tell, or an error line. */
export type ElasticacheReply =
  | ElasticacheCluster
  | { readonly kind: 'none' }
  | { readonly kind: 'error'; readonly line: string };

/** More than this is not read, in characters. */
export const LONGEST_REPLY = 65_536;

const LONGEST_LINE = 256;
const HEAD = /^(?:CONFIG cluster|VALUE AmazonElastiCache:cluster) \d{1,10} \d{1,10}$/;
const ERROR = /^(?:ERROR|(?:CLIENT|SERVER)_ERROR)(?: |$)/;
const VERSION = /^\d{1,15}$/;
const NODE = /^([^|]*)\|([^|]*)\|(\d{1,5})$/;
// What may stand in front of a host in a location, such as a login, must not come from the network.
const HOST_NAME = /^[A-Za-z0-9._-]+$/;
const END = '\nEND\r\n';

/**
 * Reads what an endpoint has answered so far.
 *
 * A list ends with its line `END`. How many bytes it says it has is not looked at, as no client does, so endpoints that count
 * otherwise can be read too.
 *
 * @returns undefined if the rest has not arrived.
 * @throws {BadReply} if it is no answer to the question.
 * @see ElastiCache User Guide, "Adding Auto Discovery to your client library"
 */
export function readElasticacheReply(text: string): ElasticacheReply | undefined {
  const head = firstLine(text);
  if (head === undefined) return undefined;
  const rest = text.slice(head.length + 2);
  if (HEAD.test(head)) return readList(rest);
  if (rest !== '') throw tooMuch();
  if (head === 'END') return { kind: 'none' };
  if (ERROR.test(head)) return { kind: 'error', line: head };
  throw new BadReply('something else than the servers of its cluster');
}

/** The first line; undefined if its end has not arrived. @throws {BadReply} if it is too long for one. */
export function firstLine(text: string): string | undefined {
  const end = text.indexOf('\r\n');
  if (end > LONGEST_LINE || (end === -1 && text.length > LONGEST_LINE)) {
    throw new BadReply('a line of an impossible length');
  }
  return end === -1 ? undefined : text.slice(0, end);
}

function readList(text: string): ElasticacheCluster | undefined {
  const end = text.indexOf(END);
  if (end === -1) return undefined;
  if (end + END.length < text.length) throw tooMuch();
  const lines = text.slice(0, end).trimEnd().split('\n');
  if (lines.length !== 2) throw unreadable();
  const [version, nodes] = lines.map((line) => line.trim()) as [string, string];
  if (!VERSION.test(version)) throw unreadable();
  return { kind: 'cluster', version: Number(version), servers: serversOf(nodes.split(/ +/)) };
}

/** Each under its host name, which stays the same when a server is replaced; under its IP address only where it has no name. */
function serversOf(nodes: readonly string[]): readonly ServerAddress[] {
  const locations = nodes.map((node) => {
    const [, name, ip, port] = NODE.exec(node) ?? [];
    const host = (name === '' ? ip : name)?.replace(/^\[(.*)\]$/, '$1') ?? '';
    if (isIPv6(host)) return `[${host}]:${port}`;
    if (HOST_NAME.test(host)) return `${host}:${port}`;
    throw unreadable();
  });
  try {
    return parseLocation(locations, 'the list of an endpoint');
  } catch {
    // A port out of bounds, a host that cannot be one, or a server told twice.
    throw unreadable();
  }
}

function unreadable(): BadReply {
  return new BadReply('a list of servers that cannot be read');
}

function tooMuch(): BadReply {
  return new BadReply('more than it was asked for');
}
