import type { Ttl } from '../core/cache-backend.interface.js';
import type { BypassReason } from './bypass-reasons.js';
import { lifetimeOf, parseCacheControl, type CacheControl } from './cache-control.js';
import { parseHttpDate } from './http-date.js';
import { hasHeader, type HeaderLines, type RequestHead } from './http-head.js';
import { cookieNames } from './request-cookies.js';
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

/** How long past its time a page may still be sent. Seconds; 0 = not at all. */
export interface StaleWindows {
  /** While it is made anew in the background. */
  readonly whileRevalidate: number;
  /** If making it anew fails. */
  readonly ifError: number;
}

/** What may be done about an answer. */
export interface ResponseDecision {
  readonly store: boolean;
  /** Seconds that the page lives, `null` = until evicted; 0 where it is not stored. */
  readonly ttl: Ttl;
  /** The request headers it depends on: lower-case, sorted. */
  readonly vary: readonly string[];
  /** Absent: not at all past its time. */
  readonly stale?: StaleWindows;
  /** Why it is not stored, if it is not. */
  readonly reason?: BypassReason;
}

/** By what a request says who it is from, and what of that a page covers. */
export interface IdentityRules {
  /** True: the page is keyed by its user, or declared to be the same for all. */
  readonly isCovered: boolean;
  /** The cookies that say who somebody is; undefined: any may. */
  readonly identityCookies: readonly string[] | undefined;
  /** Cookies that the page is keyed by. If there are any, the page depends on no others. */
  readonly keyedCookies: readonly string[];
  /** Lower-case. */
  readonly identityHeaders: readonly string[];
  /** False: whom a guard or a session knows gets the same page as all. */
  readonly anonymousOnly: boolean;
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
  /** Default: everything that may say who somebody is counts. */
  readonly rules?: IdentityRules;
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
  /** Those that make a page. Default: 200, 203, 301 and 308. */
  readonly statuses?: ReadonlySet<number>;
  /** Lower-case names of request headers that the page's key covers in a way of its own. Default: none. */
  readonly covered?: readonly string[];
  /** What the route says, where it does; what the response says holds for the rest. Seconds. */
  readonly stale?: { readonly [Window in keyof StaleWindows]?: number | undefined };
}

/** Statuses that make a page. Errors, redirects for now and partial answers never do. */
const STATUSES: ReadonlySet<number> = new Set([200, 203, 301, 308]);

/** "There is nothing" is soon not true any more. */
const SHORT_LIVED: ReadonlySet<number> = new Set([404, 410]);
const SHORT_LIFE = 60;

/** Everything that may say who somebody is counts. */
export const STRICT_IDENTITY: IdentityRules = {
  isCovered: false,
  identityCookies: undefined,
  keyedCookies: [],
  identityHeaders: ['proxy-authorization', 'x-api-key', 'x-auth-token', 'x-amzn-oidc-data'],
  anonymousOnly: true,
};

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

/** What keeps a page from being sent past its time. (RFC 9111, 4.2.4) */
const FRESH_ONLY = ['must-revalidate', 'proxy-revalidate', 's-maxage'];

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
 * answer of its own, unless the route covers who it is from. So does what the key cannot tell apart (a body, a range, an
 * overridden method). `Cache-Control` of the request keeps its answer from being stored if it says `no-store`, and can do no
 * more: no client purges what others get.
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
  const { lines, statuses = STATUSES } = facts;
  if (!statuses.has(facts.status)) return refuse('status');
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
  const { ttl, reason } = lifeOf(facts, control, targeted);
  if (ttl !== null && ttl <= 0) return refuse(reason);
  const stale = staleOf(facts, control);
  return {
    store: true,
    ttl,
    vary: vary.filter((name) => !facts.covered?.includes(name)),
    ...(stale ? { stale } : {}),
  };
}

/** How long a page lives, and the reason for which it does not if that is 0. */
function lifeOf(
  { routeTtl, defaultTtl, lines, now, status }: ResponseFacts,
  control: CacheControl,
  targeted: readonly CacheControl[],
): { readonly ttl: Ttl; readonly reason: BypassReason } {
  const short = (ttl: Ttl): Ttl =>
    SHORT_LIVED.has(status) ? Math.min(ttl ?? SHORT_LIFE, SHORT_LIFE) : ttl;
  if (routeTtl !== undefined) return { ttl: short(routeTtl), reason: 'ttl' };
  if (hasUnclearAge(lines)) return { ttl: 0, reason: 'stale' };
  const freshness = freshnessOf(control, lines, now);
  if (freshness === undefined && defaultTtl === 0) return { ttl: 0, reason: 'ttl' };
  const longest = targetedLifeOf(targeted, lines);
  return { ttl: short(shorterOf(freshness ?? defaultTtl, longest)), reason: 'stale' };
}

/** @see RFC 9111, 4.2.4; RFC 5861 */
function staleOf({ stale = {} }: ResponseFacts, control: CacheControl): StaleWindows | undefined {
  if (FRESH_ONLY.some((name) => control.directives.has(name))) return undefined;
  const whileRevalidate =
    stale.whileRevalidate ?? lifetimeOf(control, 'stale-while-revalidate') ?? 0;
  const ifError = stale.ifError ?? lifetimeOf(control, 'stale-if-error') ?? 0;
  return whileRevalidate > 0 || ifError > 0 ? { whileRevalidate, ifError } : undefined;
}

function refuse(reason: BypassReason): ResponseDecision {
  return { store: false, ttl: 0, vary: [], reason };
}

function refusalOf(facts: RequestFacts): BypassReason | undefined {
  const { head } = facts;
  if (head.method !== 'GET' && head.method !== 'HEAD') return 'method';
  if (facts.originalMethod !== undefined && facts.originalMethod !== head.method) return 'override';
  if (OVERRIDE_HEADERS.some((name) => hasHeader(head, name))) return 'override';
  if (facts.neverLives) return 'ttl';
  const identity = identityOf(facts);
  if (identity !== undefined) return identity;
  if (hasHeader(head, 'range') || hasHeader(head, 'if-range')) return 'range';
  if (hasHeader(head, 'if-match') || hasHeader(head, 'if-unmodified-since')) return 'precondition';
  if (head.isOpen === true || hasBody(head.lines)) return 'body';
  if (hasHeader(head, 'upgrade')) return 'upgrade';
  // Two hosts: which of them the application believes is not known.
  if ((head.lines.get('host')?.length ?? 0) > 1) return 'host';
  return undefined;
}

/** How a request says who it is from; undefined: in no way that matters. */
function identityOf({
  head,
  identified,
  rules = STRICT_IDENTITY,
}: RequestFacts): BypassReason | undefined {
  if (rules.isCovered) return undefined;
  if (hasHeader(head, 'authorization')) return 'authorization';
  if (bearsCookieOfSomebody(head, rules)) return 'cookie';
  const isKnown = identified || rules.identityHeaders.some((name) => hasHeader(head, name));
  return isKnown && rules.anonymousOnly ? 'identity' : undefined;
}

function bearsCookieOfSomebody(
  head: RequestHead,
  { identityCookies, keyedCookies }: IdentityRules,
): boolean {
  if (!hasHeader(head, 'cookie')) return false;
  if (identityCookies === undefined) return keyedCookies.length === 0;
  const sent = cookieNames(head);
  return identityCookies.some((name) => sent.has(name) && !keyedCookies.includes(name));
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
