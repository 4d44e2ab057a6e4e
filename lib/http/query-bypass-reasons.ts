import { BYPASS_REASONS } from './bypass-reasons.js';

/** Why what a handler outside of HTTP returned was neither taken from the cache nor put into it. */
export type QueryBypassReason = keyof typeof QUERY_BYPASS_REASONS;

const OR_ELSE =
  "keep what is one user's by getOrSet() in the method, or declare the answer the same for all by @CachePage(timeout, { shared: true })";

/** Each reason as the end of a sentence: those that a request gives, as for pages, and those of queries alone. */
const QUERY_BYPASS_REASONS = {
  ...BYPASS_REASONS,
  authorization: `the request bears Authorization, so the answer may be for one user; ${OR_ELSE}`,
  cookie: `the request bears cookies, so the answer may be for one user; list those that say who it is from in http.identityCookies, ${OR_ELSE}`,
  identity: `${BYPASS_REASONS.identity}; ${OR_ELSE}`,
  'vary-on':
    'what it varies on by @VaryOn() belongs into the key that the function of @CacheKey() makes',
  message: 'only answers to HTTP requests and root queries of GraphQL are',
  mutation: 'it is a mutation, which is carried out each time',
  subscription: 'it is a subscription, whose events are for those who wait for them',
  field: 'it is no root query; what a query returned is kept before its fields are resolved',
  arguments:
    'a query needs @CacheKey() with a function that makes a key of its arguments, which a name alone does not tell apart',
  request:
    'the GraphQL context has no request of HTTP in its field "req", so the answer may be for one user',
  twin: 'another class of the same name has a handler of the same name, so their answers could not be told apart; rename one of the two classes',
  value: 'what it returned cannot be stored; the log line of the cache says why',
  'cache-failed': 'the cache failed',
} as const;

/** The line that says once, for a handler, why it is not cached. */
export function queryBypassMessage(handler: string, reason: QueryBypassReason): string {
  return `${handler} is not cached: ${QUERY_BYPASS_REASONS[reason]}.`;
}
