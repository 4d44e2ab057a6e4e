// Shared by the ESM and the CommonJS build, which an application may load both.
const BRAND = Symbol.for('nestjs-cache:page-bytes');

/**
 * The bytes of a stored HTTP response.
 *
 * They travel under flags of their own, so that no value of a user, whatever its key and its bytes, is ever taken for a
 * page. Whoever holds them must not change them.
 */
export class PageBytes {
  readonly [BRAND] = true;

  constructor(readonly bytes: Buffer) {}

  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, BRAND);
  }
}
