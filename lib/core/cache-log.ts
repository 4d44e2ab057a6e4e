/** Where a cache writes its few lines: one at start, one for each change of a server's state, one for each kind of trouble. */
export interface CacheLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Warnings and errors on standard error; nothing else, so that scripts stay quiet. */
export const consoleLogger: CacheLogger = {
  log: () => {},
  warn: (message) => {
    console.warn(message);
  },
  error: (message) => {
    console.error(message);
  },
};

const MOST_REMEMBERED = 1_000;

/** A logger that can say a thing once. */
export class CacheLog {
  readonly #logger: CacheLogger;
  readonly #said = new Set<string>();

  constructor(logger: CacheLogger) {
    this.#logger = logger;
  }

  log(message: string): void {
    this.#logger.log(message);
  }

  warn(message: string): void {
    this.#logger.warn(message);
  }

  /**
   * Warns, unless the same was said before. After a thousand different ones it stays silent.
   *
   * @param about What makes two messages the same. Default: the message.
   */
  warnOnce(message: string, about = message): void {
    if (this.#said.has(about) || this.#said.size >= MOST_REMEMBERED) return;
    this.#said.add(about);
    this.#logger.warn(message);
  }
}
