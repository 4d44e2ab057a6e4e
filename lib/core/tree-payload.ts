import type { Payload } from './cache-backend.interface.js';

/**
 * A payload that holds the value itself, a tree of plain objects, lists and primitives in which nobody else has a hand; its
 * text is made when somebody asks for it. Only for backends that keep payloads as the objects they are.
 */
export class TreePayload implements Payload {
  #text: string | undefined;

  constructor(
    readonly flags: number,
    readonly tree: unknown,
    /** About how many bytes of memory the tree takes. */
    readonly bytes: number,
  ) {}

  /** The tree as JSON. */
  get data(): string {
    this.#text ??= JSON.stringify(this.tree);
    return this.#text;
  }
}
