import type { RequestHead } from './http-head.js';
import { digestOf } from './key-digest.js';

/** Where a page stands, as far as that can be told before its answer is known. */
export interface PageAddress {
  /** What names the route: two handlers never share a page, whatever their URLs. */
  readonly route: readonly string[];
  /** `http` or `https`, as the framework sees it. */
  readonly scheme: string;
  /** The host as the framework sees it, which may be a trusted proxy's word. */
  readonly host: string;
  /** What stands for path and query: the URL as it came and as it was routed, or what `@CacheKey()` put in its place. */
  readonly target: readonly string[];
  /** The version of the API that was asked for, where that is neither in the URL nor in a header. */
  readonly version: readonly string[];
  /** Lower-case names of headers that route the request, or that its page is declared to depend on. */
  readonly routedBy: readonly string[];
  /** Told apart by the application: sites that share a cache. Default: `''`. */
  readonly keyPrefix?: string;
  /** What `@VaryOn()` found besides headers, as name and value in turn. Default: nothing. */
  readonly variants?: readonly string[];
  /**
   * True: a proxy's word is in scheme and host already, so its headers are no part of the key, but for the one whose port is in
   * neither. Default: false.
   */
  readonly trustsProxy?: boolean;
}

/**
 * Headers by which a proxy tells what the client asked for. A handler may build links from them, so a page belongs to the
 * values it was made with. (Who the client is they tell too, in `X-Forwarded-For`; that is left out, or no two clients would
 * share a page.)
 */
const FORWARDING_HEADERS = new Set([
  'forwarded',
  'front-end-https',
  'x-host',
  'x-scheme',
  'x-url-scheme',
]);
const FORWARDING_PREFIXES = ['x-forwarded-', 'x-original-'];
const CLIENT_ADDRESS = 'x-forwarded-for';
const CLIENT_HOST = 'x-forwarded-host';

/**
 * The key of a page: `page:` and the sha-256 of all that tells it from others. GET and HEAD have the same.
 */
export function pageKey(address: PageAddress, head: RequestHead): string {
  const hosts = [...(head.lines.get('host') ?? []), ...(head.lines.get(':authority') ?? [])];
  const { keyPrefix = '', variants = [] } = address;
  const forwarding = keyedForwardingNames(head, address.trustsProxy === true);
  return pageDigest([
    keyPrefix,
    ...list(address.route),
    address.scheme.toLowerCase(),
    address.host.toLowerCase(),
    ...list(hosts.map((host) => host.toLowerCase())),
    ...list(address.target),
    ...list(address.version),
    String(address.routedBy.length),
    ...address.routedBy.flatMap((name) => headerParts(name, head)),
    ...list(variants),
    ...forwarding.flatMap((name) => headerParts(name, head)),
  ]);
}

/**
 * The key of one variant of a page whose answer depends on request headers.
 *
 * What counts of each header is whether it was sent, how often, and the value of each line; and its value as the handler
 * sees it, which middleware may have changed. So a header that is missing, empty, or sent twice is three variants.
 *
 * @param names The header names, lower-case and sorted.
 */
export function variantKey(key: string, names: readonly string[], head: RequestHead): string {
  return pageDigest([key, ...names.flatMap((name) => headerParts(name, head))]);
}

/** The lower-case names of the forwarding headers that a request bears, sorted. */
export function forwardingNames(head: RequestHead): string[] {
  const names: string[] = [];
  for (const name of head.lines.keys()) if (isForwarding(name)) names.push(name);
  return names.length > 1 ? names.toSorted() : names;
}

/** Those of them that are part of a page's key. @param trustsProxy As in the page's address. */
export function keyedForwardingNames(head: RequestHead, trustsProxy: boolean): string[] {
  const names = forwardingNames(head);
  return trustsProxy ? names.filter((name) => name === CLIENT_HOST) : names;
}

/** True for a header by which a proxy tells what the client asked for; not for the one that tells who the client is. */
export function isForwarding(name: string): boolean {
  // Most headers of a request are told by this alone.
  if (!name.startsWith('x-') && !name.startsWith('f')) return false;
  if (FORWARDING_HEADERS.has(name)) return true;
  return name !== CLIENT_ADDRESS && FORWARDING_PREFIXES.some((prefix) => name.startsWith(prefix));
}

function headerParts(name: string, head: RequestHead): string[] {
  return [name, ...list(head.lines.get(name) ?? []), ...list(seen(head.headers[name]))];
}

function seen(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function list(parts: readonly string[]): string[] {
  return [String(parts.length), ...parts];
}

function pageDigest(parts: readonly string[]): string {
  return `page:${digestOf(parts)}`;
}
