import type { RequestHead } from './http-head.js';

/** The names of the cookies that a request bears, as the client sent them or as middleware left them. */
export function cookieNames(head: RequestHead): ReadonlySet<string> {
  return new Set(pairsOf(head).map(([name]) => name));
}

/** The values of a cookie, in their order: a client may send a name twice, and it is not known which a handler takes. */
export function cookieValues(head: RequestHead, name: string): string[] {
  return pairsOf(head)
    .filter(([own]) => own === name)
    .map(([, value]) => value);
}

/** What the cookies of these names add to a page's key: whether each was sent, how often, and its values. */
export function cookieVariants(head: RequestHead, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const values = cookieValues(head, name);
    return [`cookie ${name}`, String(values.length), ...values];
  });
}

/** @see RFC 6265, 4.2.1 */
function pairsOf(head: RequestHead): [name: string, value: string][] {
  const { cookie } = head.headers;
  const sent = head.lines.get('cookie') ?? [];
  const lines = cookie === undefined ? sent : [...sent, cookie];
  return [...new Set(lines.flatMap((line) => line.split(';')))].map((pair) => {
    const sign = pair.indexOf('=');
    return sign === -1
      ? [pair.trim(), '']
      : [pair.slice(0, sign).trim(), pair.slice(sign + 1).trim()];
  });
}
