import { describe } from '../core/option-checks.js';

/** Something of a request, besides its URL, that its page depends on. Made by `header()`, `cookie()`, `query()`, `user()`. */
export type VarySelector =
  | { readonly kind: 'header' | 'cookie' | 'query'; readonly name: string }
  | { readonly kind: 'user'; readonly select: UserSelect };

/**
 * What tells one user's page from another's, from what a guard has put into `request.user`. Undefined: nobody is known, and
 * the request is answered by the handler.
 */
export type UserSelect = (user: never) => string | number | bigint | undefined | null;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * A request header, with all its lines; missing, empty and sent twice are three different things. The answer's `Vary` lists
 * it.
 *
 * @throws {TypeError} if it cannot be a header's name.
 */
export function header(name: string): VarySelector {
  return { kind: 'header', name: token('header', name).toLowerCase() };
}

/**
 * One cookie of the request. A page that varies on cookies is declared to depend on no other, so others are no reason any
 * more to leave the request uncached.
 *
 * @throws {TypeError} if it cannot be a cookie's name.
 */
export function cookie(name: string): VarySelector {
  return { kind: 'cookie', name: token('cookie', name) };
}

/**
 * One parameter of the query. A page that varies on parameters depends on no others: they are left out of its key, and the
 * handler does not see them. `filter[x]` stands for all of `filter`, of which a parser may make one value.
 *
 * @throws {TypeError} if it is no text, or an empty one.
 */
export function query(name: string): VarySelector {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`query() needs the name of a parameter, but got ${describe(name)}.`);
  }
  return { kind: 'query', name };
}

/**
 * The user that a guard has found: each has pages of their own, so `Authorization`, cookies and sessions are no reason any
 * more to leave the request uncached. Such a page tells other caches that it is private.
 *
 * @param select Picks what tells users apart, such as `(user: User) => user.id`. A request without one is not cached.
 * @throws {TypeError} if it is no function.
 */
export function user<U>(
  select: (user: U) => string | number | bigint | undefined | null,
): VarySelector {
  if (typeof select !== 'function') {
    throw new TypeError(
      `user() needs a function that picks what tells users apart, such as (user) => user.id, but got ${describe(select)}.`,
    );
  }
  return { kind: 'user', select };
}

function token(what: string, name: unknown): string {
  if (typeof name === 'string' && TOKEN.test(name)) return name;
  throw new TypeError(`${describe(name)} cannot be the name of a ${what}.`);
}
