import type { MetaBatch } from './meta.batch.js';
import { BadReply, CODE } from './meta.reply.js';
import type { MetaReply } from './meta.reply.js';
import { refused } from './meta.request.js';
import type { MetaRequest, Sending } from './meta.request.js';

type Stats = Record<string, string>;

const MOST_LINES = 10_000;
const STAT = 'STAT ';

/** `stats`, which is answered by many lines and `END`. */
export class MetaStats implements MetaRequest {
  readonly weight = 1;
  readonly reject: (error: unknown) => void;
  readonly changes = false;
  opaque = 0;
  sending: Sending | undefined = undefined;
  readonly #server: string;
  readonly #group: 'settings' | undefined;
  readonly #resolve: (stats: Stats) => void;
  readonly #found: [name: string, value: string][] = [];

  constructor(
    server: string,
    group: 'settings' | undefined,
    resolve: (stats: Stats) => void,
    reject: (error: unknown) => void,
  ) {
    this.#server = server;
    this.#group = group;
    this.#resolve = resolve;
    this.reject = reject;
  }

  write(batch: MetaBatch): void {
    batch.line(this.#group === undefined ? 'stats\r\n' : `stats ${this.#group}\r\n`, true);
  }

  giveUp(error: unknown): void {
    this.reject(error);
  }

  onReply({ code, text }: MetaReply): boolean {
    if (code === CODE.error) {
      this.reject(refused(this.#server, 'stats', text));
      return true;
    }
    if (code === CODE.line && text === 'END') {
      this.#resolve(Object.fromEntries(this.#found));
      return true;
    }
    if (code !== CODE.line || !text.startsWith(STAT) || this.#found.length === MOST_LINES) {
      throw new BadReply('no statistics where they were asked for');
    }
    const nameEnd = text.indexOf(' ', STAT.length);
    const end = nameEnd === -1 ? text.length : nameEnd;
    this.#found.push([text.slice(STAT.length, end), text.slice(end + 1)]);
    return false;
  }
}
