import type { RequestHead } from './http-head.js';

type Pair = readonly [name: string, value: string];

/** The names of the cookies that a request bears, as the client sent them or as middleware left them. */
export function cookieNames(head: RequestHead): ReadonlySet<string> {
  return new Set(viewsOf(head).flatMap((pairs) => pairs.map(([name]) => name)));
}

/** The values of a cookie that the client sent, in their order: of a name that is sent twice it is not known which one counts. */
export function cookieValues(head: RequestHead, name: string): string[] {
  return valuesOf(pairsOf(head.lines.get('cookie') ?? []), name);
}

/**
 * What the cookies of these names add to a page's key: whether each was sent, how often, and its values; and the same of what
 * middleware made of them, if that is something else.
 */
export function cookieVariants(head: RequestHead, names: readonly string[]): string[] {
  return names.flatMap((name) => [
    `cookie ${name}`,
    ...viewsOf(head).flatMap((pairs) => counted(valuesOf(pairs, name))),
  ]);
}

/** The cookies as they were sent and, if they are others by now, as the handler sees them. */
function viewsOf(head: RequestHead): Pair[][] {
  const sent = head.lines.get('cookie') ?? [];
  const { cookie } = head.headers;
  // As Node.js joins the lines.
  return cookie === undefined || cookie === sent.join('; ')
    ? [pairsOf(sent)]
    : [pairsOf(sent), pairsOf([cookie])];
}

/** @see RFC 6265, 4.2.1 */
function pairsOf(lines: readonly string[]): Pair[] {
  return lines
    .flatMap((line) => line.split(';'))
    .map((pair) => {
      const sign = pair.indexOf('=');
      return sign === -1
        ? [pair.trim(), '']
        : [pair.slice(0, sign).trim(), pair.slice(sign + 1).trim()];
    });
}

function valuesOf(pairs: readonly Pair[], name: string): string[] {
  return pairs.filter(([own]) => own === name).map(([, value]) => value);
}

function counted(values: string[]): string[] {
  return [String(values.length), ...values];
}
