import { presetFields, urlsOf, type HttpExchange } from './http-exchange.js';
import { pathTag } from './page-tags.js';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Headers by which an answer names what else has changed. */
const NAMING = new Set(['location', 'content-location']);

/** True for a method that changes nothing. @see RFC 9110, 9.2.1 */
export function isSafeMethod(method: string | undefined): boolean {
  return method !== undefined && SAFE.has(method);
}

/**
 * The tags of the paths that a request has changed: its own, and those that its answer names by `Location` and
 * `Content-Location` on the same host. None if it failed.
 *
 * @param redirect A `Location` that the answer will have, and has not yet. Default: none.
 * @see RFC 9111, 4.4
 */
export function changedPaths(exchange: HttpExchange, redirect?: string): string[] {
  const status = (exchange.framework as { readonly statusCode?: number }).statusCode ?? 200;
  if (status >= 400) return [];
  const urls = new Set(urlsOf(exchange));
  const named = presetFields(exchange)
    .filter(([name]) => NAMING.has(name.toLowerCase()))
    .flatMap(([, value]) => value);
  for (const url of redirect === undefined ? named : [...named, redirect]) {
    const own = urlOnHost(url, exchange);
    if (own !== undefined) urls.add(own);
  }
  return [...new Set([...urls].map(pathTag))];
}

function urlOnHost(url: string, { request, asked }: HttpExchange): string | undefined {
  const host = request.headers.host ?? asked.hostname ?? '';
  try {
    const base = new URL(request.url ?? '/', `${asked.protocol ?? 'http'}://${host}`);
    const target = new URL(url, base);
    // Behind a proxy the host that the client knows is only the framework's.
    const isOwn = target.host === base.host || target.hostname === asked.hostname;
    return isOwn ? target.pathname : undefined;
  } catch {
    // What is no URL names no page.
    return undefined;
  }
}
