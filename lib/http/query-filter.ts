import type { FrameworkRequest, HttpExchange } from './http-exchange.js';

/** Parsers read as many parameters by default; which of more they leave out is theirs to know. */
const MOST_PARAMETERS = 1000;

/** What parsers take for the end of a part of a parameter's name: `page[]`, `page.from`, `?page` behind the first one. */
const PARTS = /[[\].?]/;

/**
 * A URL with only those parameters of its query that matter, as they stand in it.
 *
 * A parameter is what the signs `&` part. One matters if any part of its name does that a parser may take for the whole, so
 * whatever a parser makes of the URL, what matters of it is what the URL still says: `page[]=1`, `[page]=1` and
 * `x=1;page=2` stay where `page` matters. Where `filter[x]` does, all of `filter` does, of which a parser may make one value. A
 * query of more than 1,000 parameters stays whole.
 */
export function filterQuery(url: string, names: readonly string[]): string {
  const start = url.indexOf('?');
  if (start === -1) return url;
  const pairs = url.slice(start + 1).split('&');
  if (pairs.length > MOST_PARAMETERS) return url;
  const kept = pairs.filter((pair) => namesOf(pair).some((name) => matters(name, names)));
  return kept.length === 0 ? url.slice(0, start) : `${url.slice(0, start + 1)}${kept.join('&')}`;
}

/**
 * Lets the handler see only those parameters of the query that its page is keyed by, so that none of the others can show in
 * it.
 */
export function narrowQuery({ request, asked }: HttpExchange, names: readonly string[]): void {
  const whole = request.url ?? '';
  request.url = filterQuery(whole, names);
  for (const target of [asked, request as FrameworkRequest]) narrowOriginal(target, names);
  const framework = asked as { query?: unknown };
  // Where the framework has parsed it already; otherwise it parses what the URL says now.
  if (request.url === whole || !Object.hasOwn(asked, 'query')) return;
  const parsed: unknown = framework.query;
  if (typeof parsed !== 'object' || parsed === null) return;
  const narrowed = Object.entries(parsed).filter(([name]) => matters(name, names));
  // Parsers give objects without a prototype, so that no parameter is found that was not sent.
  framework.query = Object.setPrototypeOf(
    Object.fromEntries(narrowed),
    Object.getPrototypeOf(parsed) as object | null,
  );
}

function narrowOriginal(target: FrameworkRequest, names: readonly string[]): void {
  const { originalUrl } = target;
  if (originalUrl === undefined) return;
  const value = filterQuery(originalUrl, names);
  if (value === originalUrl) return;
  // Fastify's requests have only a getter for it, which remembers what it read first.
  Object.defineProperty(target, 'originalUrl', {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function matters(name: string, names: readonly string[]): boolean {
  if (names.includes(name)) return true;
  const wholes = new Set(names.map(wholeOf));
  return name.split(PARTS).some((part) => part !== '' && wholes.has(part));
}

/** The name under which a parser may put what has this one: `filter` for `filter[x]`. */
function wholeOf(name: string): string {
  return name.split(PARTS).find((part) => part !== '') ?? name;
}

/** The name of a parameter, and of each other one that a parser may find in it. */
function namesOf(pair: string): string[] {
  return pair.split(';').map((part) => decoded(part.split('=', 1)[0]!));
}

function decoded(name: string): string {
  const spaced = name.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Parsers find a part of such a name all the same: qs reads brackets before it decodes.
    return spaced.replaceAll(/%[0-7][\da-f]/gi, (sign) => decodeURIComponent(sign));
  }
}
