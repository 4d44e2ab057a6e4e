/** Why an answer was neither taken from the cache nor put into it. */
export type BypassReason = keyof typeof BYPASS_REASONS;

/** Each reason as the end of a sentence, with what would change it where something would. */
export const BYPASS_REASONS = {
  method: 'only GET and HEAD are',
  override: 'the request bears a header that overrides its method or URL',
  authorization:
    'the request bears Authorization, so the answer may be for one user; give each a page of their own by @VaryOn(user((user) => user.id)), or declare the page the same for all by @CachePage(timeout, { shared: true })',
  cookie:
    'the request bears cookies, so the answer may be for one user; list those that say who it is from in http.identityCookies, name those that the page depends on in @VaryOnCookie(), or declare the page the same for all by @CachePage(timeout, { shared: true })',
  identity:
    'the request is known to be from somebody (a user that a guard found, a session that was begun, an API key, a client certificate), so the answer may be for one user',
  range: 'the request asks for a range',
  precondition:
    'the request bears If-Match or If-Unmodified-Since, which only the handler can judge',
  body: 'the request bears a body',
  upgrade: 'the request asks to change the protocol',
  host: 'the request names more than one host',
  key: '@CacheKey() gave no key for the request',
  user: '@VaryOn(user()) found nobody whom a guard knows',
  'vary-failed': 'a function of @VaryOn() failed',
  unless: 'its "unless" says so',
  'unless-failed': 'its "unless" failed',
  tags: 'its tags could not be read',
  version: 'the version of the API that the request asks for could not be told',
  ttl: 'its timeout is 0',
  'ttl-failed': 'the function of @CacheTTL() failed',
  'request-no-store': 'the request says no-store, or its Cache-Control cannot be read',
  status:
    'its status is none of those that make a page (200, 203, 301 and 308, or those of http.statuses)',
  'set-cookie': 'the response sets a cookie',
  personal: 'the response bears a header that is meant for one client, such as WWW-Authenticate',
  'cache-control': 'the response says private, no-store or no-cache',
  'cache-control-malformed': 'the Cache-Control of the response cannot be read in full',
  stream: 'the response is an event stream, a range, or bears trailers',
  nonce: 'the Content-Security-Policy of the response bears a nonce, which holds once',
  vary: 'the Vary of the response is "*" or cannot be read',
  origin: 'the response allows one origin, and its Vary does not list Origin',
  stale: 'the response is out of date by its own headers',
  size: 'the response is larger than http.maxBodyBytes (1 MiB by default)',
  variants: 'there are 32 variants of its URL already',
  'cache-failed': 'the cache did not store it',
} as const;

/** The line that says once, for a route, why it is not cached. */
export function bypassMessage(route: string, reason: BypassReason): string {
  return `${route} is not cached: ${BYPASS_REASONS[reason]}.`;
}

/** The line that says once, for a route, that its pages are not made anew in the background. */
export function unreachedMessage(route: string): string {
  return `${route} cannot be made anew in the background: a request without the visitor's headers comes to another page, by a function of @VaryOn() or @CacheKey() or by the version. Such pages are made by those who ask when their time is over. Declare the headers by @VaryOnHeaders(), which go along.`;
}

/** The line that says once, for a route, that its handler reads a header by which its pages are not told apart. */
export function unkeyedMessage(route: string, name: string): string {
  return `${route} is cached, and its handler reads the request header "${name}", which tells no two of its pages apart: all get what the first was given. Declare it by @VaryOnHeaders('${name}'), or do not read it.`;
}
