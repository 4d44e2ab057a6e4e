/**
 * What a backend of several servers rejects `getMany`, `setMany` and `deleteMany` with if only some of its servers failed. A
 * forgiving cache answers what the others did; a strict one throws the cause.
 */
export class PartialAnswer extends Error {
  override readonly name = 'PartialAnswer';

  /**
   * @param answer What the method would have answered if the keys of the failed servers were missing.
   * @param cause What the first failed server rejected with.
   */
  constructor(
    readonly answer: unknown,
    override readonly cause: unknown,
  ) {
    super('Some of the servers failed.');
  }
}
