import { BoundedMap } from '../core/bounded-map.js';

// Apart from the tags that an application gives, whatever they are.
const PATH = 'page-path:';
const ROUTE = 'page-route:';
const KEY = 'page-key:';

/** Most tags of URLs that are remembered, and the longest URL of one in code units: 8 MiB of both at most. */
const MOST = 4_000;
const LONGEST = 512;

/** Every look for a page asks for the tag of its URL twice: as it came, and as it was routed. */
const known = new BoundedMap<string, string>(MOST);

/**
 * The tag of all pages of a path: of every host, query and variant.
 *
 * Paths that a router may take for one have one: it is decoded, in lower case, each slash once and none at its end. What falls
 * too much costs a miss; what stayed would be wrong.
 *
 * @param url A path or an absolute URL; its query does not count, which a router may be told begins with ";".
 */
export function pathTag(url: string): string {
  if (url.length > LONGEST) return newPathTag(url);
  let tag = known.get(url);
  if (tag === undefined) known.set(url, (tag = newPathTag(url)));
  return tag;
}

function newPathTag(url: string): string {
  const path = url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').replace(/[?#;].*$/s, '');
  let decoded = path;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    // As it is: no router decodes it either.
  }
  const trimmed = decoded
    // Written out or not, it is one sign to who reads a parameter.
    .replace(/;.*$/s, '')
    .toLowerCase()
    .replaceAll(/\/{2,}/g, '/')
    .replace(/\/$/, '');
  return `${PATH}${trimmed === '' ? '/' : trimmed}`;
}

/** The tag of all pages of a route. @param name `ClassName.method` */
export function routeTag(name: string): string {
  return `${ROUTE}${name}`;
}

/** The tag of all pages that bear a key of `@CacheKey()`. */
export function keyTag(key: string): string {
  return `${KEY}${key}`;
}
