import type { Ttl } from '../core/cache-backend.interface.js';
import type { BypassReason } from './bypass-reasons.js';
import { lifetimeOf, parseCacheControl, type CacheControl } from './cache-control.js';
import { parseHttpDate } from './http-date.js';
import { hasHeader, type HeaderLines, type RequestHead } from './http-head.js';
import { parseVary } from './vary.js';

/** What may be done about a request. */
export interface RequestDecision {
  /** True: a stored page may be the answer. */
  readonly lookup: boolean;
  /** True: the answer may be stored, as far as the request is concerned. */
  readonly store: boolean;
  /** Why not, if not. A HEAD that may look up and stores nothing needs no reason. */
  readonly reason?: BypassReason;
}

/** What may be done about an answer. */
export interface ResponseDecision {
  readonly store: boolean;
  /** Seconds that the page lives, `null` = until evicted; 0 where it is not stored. */
  readonly ttl: Ttl;
  /** The request headers it depends on: lower-case, sorted. */
  readonly vary: readonly string[];
  /** Why it is not stored, if it is not. */
  readonly reason?: BypassReason;
}

/** What a request is judged by, besides its head. */
export interface RequestFacts {
  readonly head: RequestHead;
  /** The method before a middleware changed it, if one did. */
  readonly originalMethod?: string | undefined;
  /** True if a guard or middleware found out whose request it is, or the client showed a certificate. */
  readonly identified: boolean;
  /** True if the route says beforehand that nothing of it lives. */
  readonly neverLives: boolean;
}

/** What an answer is judged by. */
export interface ResponseFacts {
  readonly status: number;
  /** All lines that any layer has put into the head. */
  readonly lines: HeaderLines;
  /** What the route says; undefined = it says nothing. */
  readonly routeTtl: Ttl | undefined;
  /** The cache's own, where neither route nor response says anything; 0 = nothing is stored then. */
  readonly defaultTtl: Ttl;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Statuses that make a page. Errors, redirects for now and partial answers never do. */
const STATUSES: ReadonlySet<number> = new Set([200, 203, 301, 308]);

/** Headers that stand for a person or a program, as `Authorization` does. */
const IDENTITY_HEADERS = ['proxy-authorization', 'x-api-key', 'x-auth-token', 'x-amzn-oidc-data'];

/** Headers that make the application answer another request than the one that is keyed. */
const OVERRIDE_HEADERS = [
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
];

/** `none` is no directive; those who write it mean that nothing is to be cached. */
const FORBIDDING = ['no-store', 'private', 'no-cache', 'none'];

/**
 * What `Cache-Control` says, said to the caches in between alone. Whom they mean is theirs to tell, so they count here as
 * far as they forbid something or shorten a life, and no further.
 *
 * @see RFC 9213, 2; Edge Architecture Specification, 2
 */
const TARGETED_HEADERS = ['cdn-cache-control', 'surrogate-control'];

/** Answers that bear one of these speak to one client. */
const PERSONAL_HEADERS = [
  'authentication-info',
  'clear-site-data',
  'proxy-authenticate',
  'proxy-authentication-info',
  'www-authenticate',
];

/**
 * What may be done about a request, before anything else is known: whether a stored page may answer it, and whether its
 * answer may be stored.
 *
 * GET and HEAD only, and nobody's in particular: what bears `Authorization`, any cookie or another sign of identity gets an
 * answer of its own. So does what the key cannot tell apart (a body, a range, an overridden method). `Cache-Control` of the
 * request keeps its answer from being stored if it says `no-store`, and can do no more: no client purges what others get.
 */
export function decideRequest(facts: RequestFacts): RequestDecision {
  const { head } = facts;
  const reason = refusalOf(facts);
  if (reason !== undefined) return { lookup: false, store: false, reason };
  if (head.method === 'HEAD') return { lookup: true, store: false };
  const control = parseCacheControl(head.lines.get('cache-control'));
  if (control.malformed || control.directives.has('no-store')) {
    return { lookup: true, store: false, reason: 'request-no-store' };
  }
  return { lookup: true, store: true };
}

/**
 * Whether a finished answer is a page that everybody may get, how long it lives, and which request headers it depends on.
 *
 * @see RFC 9111, 3 and 4.2.1
 */
export function decideResponse(facts: ResponseFacts): ResponseDecision {
  const { lines } = facts;
  if (!STATUSES.has(facts.status)) return refuse('status');
  if (lines.has('set-cookie') || lines.has('set-cookie2')) return refuse('set-cookie');
  if (PERSONAL_HEADERS.some((name) => lines.has(name))) return refuse('personal');
  const control = parseCacheControl(lines.get('cache-control'));
  const targeted = TARGETED_HEADERS.map((name) => parseCacheControl(lines.get(name)));
  const all = [control, ...targeted];
  if (all.some(({ malformed }) => malformed)) return refuse('cache-control-malformed');
  if (all.some(forbidsStoring) || mentionsNoCache(lines.get('pragma'))) {
    return refuse('cache-control');
  }
  if (isUnrepeatable(lines)) return refuse('stream');
  if (hasNonce(lines)) return refuse('nonce');
  const vary = varyOf(lines);
  if (vary === undefined) return refuse('vary');
  if (dependsOnOrigin(lines) && !vary.includes('origin')) return refuse('origin');
  if (facts.routeTtl !== undefined) return page(facts.routeTtl, 'ttl', vary);
  if (hasUnclearAge(lines)) return refuse('stale');
  const freshness = freshnessOf(control, lines, facts.now);
  if (freshness === undefined && facts.defaultTtl === 0) return refuse('ttl');
  const longest = targetedLifeOf(targeted, lines);
  return page(shorterOf(freshness ?? facts.defaultTtl, longest), 'stale', vary);
}

function refuse(reason: BypassReason): ResponseDecision {
  return { store: false, ttl: 0, vary: [], reason };
}

function page(ttl: Ttl, reasonIfNone: BypassReason, vary: readonly string[]): ResponseDecision {
  return ttl === null || ttl > 0 ? { store: true, ttl, vary } : refuse(reasonIfNone);
}

function refusalOf(facts: RequestFacts): BypassReason | undefined {
  const { head } = facts;
  if (head.method !== 'GET' && head.method !== 'HEAD') return 'method';
  if (facts.originalMethod !== undefined && facts.originalMethod !== head.method) return 'override';
  if (OVERRIDE_HEADERS.some((name) => hasHeader(head, name))) return 'override';
  if (facts.neverLives) return 'ttl';
  if (hasHeader(head, 'authorization')) return 'authorization';
  if (hasHeader(head, 'cookie')) return 'cookie';
  if (facts.identified || IDENTITY_HEADERS.some((name) => hasHeader(head, name))) return 'identity';
  if (hasHeader(head, 'range') || hasHeader(head, 'if-range')) return 'range';
  if (hasHeader(head, 'if-match') || hasHeader(head, 'if-unmodified-since')) return 'precondition';
  if (hasBody(head.lines)) return 'body';
  if (hasHeader(head, 'upgrade')) return 'upgrade';
  // Two hosts: which of them the application believes is not known.
  if ((head.lines.get('host')?.length ?? 0) > 1) return 'host';
  return undefined;
}

function hasBody(lines: HeaderLines): boolean {
  if (lines.has('transfer-encoding')) return true;
  return (lines.get('content-length') ?? []).some((length) => length.trim() !== '0');
}

function forbidsStoring({ directives }: CacheControl): boolean {
  return FORBIDDING.some((name) => directives.has(name));
}

function mentionsNoCache(pragma: readonly string[] = []): boolean {
  return pragma.some((line) => /no-cache/i.test(line));
}

function isUnrepeatable(lines: HeaderLines): boolean {
  if (lines.has('content-range') || lines.has('trailer')) return true;
  return (lines.get('content-type') ?? []).some((type) =>
    /^[\t ]*(text\/event-stream|multipart\/(byteranges|x-mixed-replace))/i.test(type),
  );
}

function hasNonce(lines: HeaderLines): boolean {
  return ['content-security-policy', 'content-security-policy-report-only'].some((name) =>
    lines.get(name)?.some((policy) => /'nonce-/i.test(policy)),
  );
}

function varyOf(lines: HeaderLines): string[] | undefined {
  const vary = parseVary(lines.get('vary'));
  const isEncoded = lines
    .get('content-encoding')
    ?.some((coding) => !/^\s*identity\s*$/i.test(coding));
  if (vary === undefined || !isEncoded || vary.includes('accept-encoding')) return vary;
  // Bytes that were encoded for one client are not for another, whether the answer says so or not.
  return [...vary, 'accept-encoding'].toSorted();
}

function dependsOnOrigin(lines: HeaderLines): boolean {
  return (lines.get('access-control-allow-origin') ?? []).some((origin) => origin.trim() !== '*');
}

/** Seconds that the response itself grants, less those it has already spent elsewhere; undefined if it says nothing. */
function freshnessOf(control: CacheControl, lines: HeaderLines, now: number): number | undefined {
  const granted = lifetimeOf(control, 's-maxage') ?? lifetimeOf(control, 'max-age');
  if (granted !== undefined) return Math.max(0, granted - ageOf(lines));
  return untilExpires(lines, now);
}

/** Seconds beyond which the caches in between are not to keep it; undefined if they are told nothing. */
function targetedLifeOf(controls: readonly CacheControl[], lines: HeaderLines): number | undefined {
  const lifetimes = controls.flatMap((control) => [
    lifetimeOf(control, 's-maxage'),
    lifetimeOf(control, 'max-age'),
  ]);
  const given = lifetimes.filter((seconds) => seconds !== undefined);
  return given.length === 0 ? undefined : Math.max(0, Math.min(...given) - ageOf(lines));
}

function shorterOf(ttl: Ttl, longest: number | undefined): Ttl {
  return longest === undefined ? ttl : Math.min(ttl ?? longest, longest);
}

/** Seconds until `Expires`; undefined if there is none. */
function untilExpires(lines: HeaderLines, now: number): number | undefined {
  const expires = lines.get('expires');
  if (expires === undefined) return undefined;
  // Several dates, or none that can be read, are a date in the past. (RFC 9111, 5.3)
  const end = expires.length === 1 ? parseHttpDate(expires[0]!, now) : undefined;
  if (end === undefined) return 0;
  const date = parseHttpDate(lines.get('date')?.[0] ?? '', now) ?? now;
  // It grants what lies between the two dates, of which its Age is spent; a clock that is wrong never adds to that.
  return Math.max(0, Math.min(end - now, end - date - ageOf(lines) * 1000) / 1000);
}

/** True if an `Age` is not one plain number: whoever wrote it may mean that the answer is old. */
function hasUnclearAge(lines: HeaderLines): boolean {
  const ages = lines.get('age') ?? [];
  return ages.length > 1 || ages.some((age) => !/^[\t ]*\d+[\t ]*$/.test(age));
}

/** The `Age` that a response came with, in seconds; 0 if it is fresh from the handler, or says nothing that can be read. */
export function ageOf(lines: HeaderLines): number {
  // Of several the first counts. (RFC 9111, 5.1)
  const age = lines.get('age')?.[0]?.split(',')[0]?.trim();
  return age !== undefined && /^\d+$/.test(age) ? Math.min(Number(age), 2 ** 31) : 0;
}
