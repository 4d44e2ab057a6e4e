/**
 * The bytes of a stored HTTP response.
 *
 * They travel under flags of their own, so that no value of a user, whatever its key and its bytes, is ever taken for a
 * page. Whoever holds them must not change them.
 */
export class PageBytes {
  constructor(readonly bytes: Buffer) {}
}
