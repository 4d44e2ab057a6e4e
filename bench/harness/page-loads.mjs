/** Operations for what answers over HTTP: many clients at once, each of which waits for its answer. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { valuesOf } from './samples.mjs';
import { stopwatch } from './stopwatch.mjs';

const GENERATOR = fileURLToPath(new URL('load-generator.mjs', import.meta.url));
const CONNECTIONS = 64;
const AT_ONCE = 16;

// What fetch() of Node.js sends.
const HEADERS = {
  accept: '*/*',
  'accept-language': '*',
  'sec-fetch-mode': 'cors',
  'user-agent': 'node',
  'accept-encoding': 'gzip, deflate',
};

/**
 * Asks for every page, checks that it is what it should be to the byte and, of one that caches, that it comes from the
 * cache the second time. Answers the operations `hit`, which wants the page, and `known`, of clients that hold it already and
 * want to hear that (304), unless they forget.
 *
 * @param contestant { port, handled?: () => number }; `handled`, of one that caches, tells how often its handler ran.
 * @param setup { size, kind, clock, options?: { forgets?: boolean } }
 */
export async function pageLoadsOf(contestant, { size, kind, clock, options = {} }) {
  const { port, handled } = contestant;
  const texts = valuesOf(kind).map((value) => JSON.stringify(value));
  let pages = await pagesOf(port, size, texts);
  if (handled) {
    pages = await pagesOf(port, size, texts);
    checkHits(pages);
  }
  const tags = pages.map(({ headers }) => headers.get('etag'));
  const plain = tags.map((_, n) => requestText(port, n, HEADERS));
  const knowing = tags.map((tag, n) => requestText(port, n, { ...HEADERS, 'if-none-match': tag }));
  const generator = new LoadGenerator(port);
  const loadOf = (requests, status) => ({
    forMs: async (ms) => {
      await generator.ask({ requests, status });
      const before = handled?.();
      const elapsed = stopwatch(clock);
      const { count } = await generator.ask({ ms });
      const took = elapsed();
      if (handled?.() !== before) throw new Error('a hit was a miss');
      return { count, ms: took };
    },
  });
  const hit = loadOf(plain, 200);
  return { hit, known: options.forgets ? hit : loadOf(knowing, 304) };
}

/** The answer to each page, the body of which is what it should be. */
async function pagesOf(port, size, texts) {
  const pages = [];
  let next = 0;
  const lane = async () => {
    while (next < size) {
      const n = next++;
      pages[n] = await checkedPage(port, n, texts[n % texts.length]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return pages;
}

async function checkedPage(port, n, expected) {
  const response = await fetch(`http://127.0.0.1:${port}${pathOf(n)}`, { headers: HEADERS });
  const text = await response.text();
  if (response.status !== 200 || text !== expected) {
    throw new Error(`${pathOf(n)} answered ${response.status} ${text.slice(0, 200)}`);
  }
  return response;
}

function checkHits(pages) {
  const missed = pages.findIndex(({ headers }) => headers.get('x-cache') !== 'HIT');
  if (missed === -1) return;
  const state = pages[missed].headers.get('x-cache');
  throw new Error(`${pathOf(missed)} is not cached: X-Cache is ${state}`);
}

function pathOf(n) {
  return `/pages/${n}`;
}

function requestText(port, n, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${pathOf(n)} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: keep-alive\r\n${lines.join('')}\r\n`;
}

/** The process that asks; it ends with this one. */
class LoadGenerator {
  #child;
  #lines;

  constructor(port) {
    const argument = JSON.stringify({ port, connections: CONNECTIONS });
    this.#child = spawn(process.execPath, [GENERATOR, argument], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(command) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the load generator has ended');
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer;
  }
}
