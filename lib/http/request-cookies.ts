import type { RequestHead } from './http-head.js';

/** One cookie as it was sent. */
interface Pair {
  /** Without any blanks that a parser may take off. */
  readonly name: string;
  /** Name and value without the blanks that are none of theirs. Parsers differ about other blanks, so those count. */
  readonly text: string;
}

/** The names of the cookies that a request bears, as the client sent them or as middleware left them. */
export function cookieNames(head: RequestHead): ReadonlySet<string> {
  return new Set(viewsOf(head).flatMap((pairs) => pairs.map(({ name }) => name)));
}

/** A cookie as the client sent it, each time and in their order: of a name that is sent twice it is not known which one counts. */
export function cookiesOfName(head: RequestHead, name: string): string[] {
  return textsOf(pairsOf(head.lines.get('cookie') ?? []), name);
}

/**
 * What the cookies of these names add to a page's key: whether each was sent, how often, and its values; and the same of what
 * middleware made of them, if that is something else.
 */
export function cookieVariants(head: RequestHead, names: readonly string[]): string[] {
  return names.flatMap((name) => [
    `cookie ${name}`,
    ...viewsOf(head).flatMap((pairs) => counted(textsOf(pairs, name))),
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
      const name = sign === -1 ? pair : pair.slice(0, sign);
      // Who bears `a` and no value is not who bears an empty one.
      const value = sign === -1 ? '' : `=${withoutBlanks(pair.slice(sign + 1))}`;
      return { name: name.trim(), text: `${withoutBlanks(name)}${value}` };
    });
}

/** By hand, because an expression takes the square of the time for many blanks within. */
function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length];
  for (; start < end && isBlank(text[start]!); start += 1);
  for (; end > start && isBlank(text[end - 1]!); end -= 1);
  return text.slice(start, end);
}

function isBlank(sign: string): boolean {
  return sign === ' ' || sign === '\t';
}

function textsOf(pairs: readonly Pair[], name: string): string[] {
  return pairs.filter((pair) => pair.name === name).map(({ text }) => text);
}

function counted(texts: string[]): string[] {
  return [String(texts.length), ...texts];
}
