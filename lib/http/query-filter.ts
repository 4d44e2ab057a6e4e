import type { HttpExchange } from './http-exchange.js';

/**
 * A URL with only those parameters of its query that matter, as they stand in it.
 *
 * A parameter is what the signs `&` part; what else a parser may take for a separator stays inside of it, and so in the key.
 */
export function filterQuery(url: string, names: readonly string[]): string {
  const start = url.indexOf('?');
  if (start === -1) return url;
  const kept = url
    .slice(start + 1)
    .split('&')
    .filter((pair) => names.includes(nameOf(pair)));
  return kept.length === 0 ? url.slice(0, start) : `${url.slice(0, start + 1)}${kept.join('&')}`;
}

/**
 * Lets the handler see only those parameters of the query that its page is keyed by, so that none of the others can show in
 * it.
 */
export function narrowQuery({ request, asked }: HttpExchange, names: readonly string[]): void {
  request.url = filterQuery(request.url ?? '', names);
  const framework = asked as { originalUrl?: string; query?: unknown };
  if (Object.hasOwn(asked, 'originalUrl') && framework.originalUrl !== undefined) {
    framework.originalUrl = filterQuery(framework.originalUrl, names);
  }
  // Where the framework has parsed it already; otherwise it parses what the URL says now.
  if (!Object.hasOwn(asked, 'query') || typeof framework.query !== 'object') return;
  framework.query = Object.fromEntries(
    Object.entries(framework.query ?? {}).filter(([name]) => names.includes(name)),
  );
}

function nameOf(pair: string): string {
  const name = pair.split('=', 1)[0]!.replaceAll('+', ' ');
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
