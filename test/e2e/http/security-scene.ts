import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { StreamableFile } from '@nestjs/common';

/** What a handler and a guard see of a request. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: Record<string, unknown>;
  readonly params: Record<string, string>;
  readonly body?: unknown;
  readonly socket: { readonly remotePort?: number };
}

/** What is used of a framework's response. */
export interface Reply {
  readonly raw?: ServerResponse;
  header(name: string, value: unknown): unknown;
  status(code: number): unknown;
}

/** What a handler answers. */
export interface Speech {
  /** Default: 200. */
  readonly status?: number;
  /** Header lines such as `Vary: *`. `%run` is the number of the run. */
  readonly lines?: readonly string[];
  /** Stands in the body beside the number of the run and the port of the client for whom it was made. */
  readonly shows?: unknown;
  /** The whole body, in place of that. */
  readonly body?: string | Buffer;
  /** Default: at once and whole. */
  readonly ends?: Ending;
}

/**
 * How a body comes.
 *
 * - `slow`: in two halves.
 * - `cut`: the stream fails midway, as the framework sees it.
 * - `given-up`: it fails midway, and the handler itself ends the response.
 * - `short`: fewer bytes come than were announced.
 * - `hung-up`: likewise, and the handler hangs up.
 */
export type Ending = 'slow' | 'cut' | 'given-up' | 'short' | 'hung-up';

/** What a handler answers to what it sees, by the number of its run. */
export type Answers = (asked: Asked, run: number) => Speech;

/** One run of a handler. */
export interface Run {
  readonly number: number;
  /** The port of the client whose request the handler answered. */
  readonly port: number;
  readonly body: Buffer;
}

let lastRun = 0;
const scenes = new Map<string, Scene>();

/** One URL of its own, what its handler answers, and a record of all that it answered. */
export class Scene {
  /** Stands in the URL, where the handler finds it whatever else is there. */
  readonly token = `q${scenes.size + 1}q`;
  readonly runs: Run[] = [];
  /** True for a request that the guard refuses. */
  readonly refuses: (asked: Asked) => boolean;
  readonly #answers: Answers;
  /** How many clients ask at this moment, and how many of them have come so far. */
  #expected = 1;
  #came = 0;
  #leaving = 0;

  constructor(answers: Answers, refuses: (asked: Asked) => boolean = () => false) {
    this.#answers = answers;
    this.refuses = refuses;
    scenes.set(this.token, this);
  }

  /** The scene that a URL belongs to. */
  static of(url: string): Scene | undefined {
    return scenes.get(/q\d+q/.exec(url)?.[0] ?? '');
  }

  /** So many clients are about to ask at once. */
  expect(clients: number): void {
    this.#expected = clients;
    this.#came = 0;
  }

  /** A request has reached the server. */
  entered(response: ServerResponse): void {
    this.#came += 1;
    this.#leaving += 1;
    response.once('close', () => {
      this.#leaving -= 1;
    });
  }

  /** Resolves when every response is over. */
  async isLeft(): Promise<void> {
    while (this.#isBusy()) await sleep(1);
  }

  #isBusy(): boolean {
    return this.#leaving > 0;
  }

  /** Answers a request, while the others that came with it are in the house. */
  async play(asked: Asked, reply: Reply): Promise<unknown> {
    const number = ++lastRun;
    const { status = 200, lines = [], shows, body: whole, ends } = this.#answers(asked, number);
    const port = asked.socket.remotePort ?? 0;
    const body = whole ?? JSON.stringify({ run: number, port, shows });
    this.runs.push({ number, port, body: Buffer.from(body) });
    await this.#othersCame();
    reply.status(status);
    for (const [name, values] of fieldsOf(lines, number)) reply.header(name, values);
    if (whole === undefined) reply.header('Content-Type', 'application/json');
    if (ends === 'slow' || ends === 'cut') {
      return new StreamableFile(inHalves(body.toString(), ends === 'cut'));
    }
    if (ends !== undefined) return endByHand(rawOf(reply), body.toString(), ends);
    return Buffer.isBuffer(body) ? new StreamableFile(body) : body;
  }

  async #othersCame(): Promise<void> {
    if (this.#expected === 1) return;
    // Some never come: Node itself refuses them.
    for (let waited = 0; this.#came < this.#expected && waited < 50; waited += 1) await sleep(1);
    // Time to look for the page, and to find that somebody makes it.
    await sleep(5);
  }
}

function fieldsOf(lines: readonly string[], run: number): Map<string, string | string[]> {
  const fields = new Map<string, string | string[]>([['X-Run', String(run)]]);
  for (const line of lines) {
    const [name, value] = line.replaceAll('%run', String(run)).split(/: ?(.*)/s) as [
      string,
      string,
    ];
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : [before, value].flat());
  }
  return fields;
}

function rawOf(reply: Reply): ServerResponse {
  return reply.raw ?? (reply as unknown as ServerResponse);
}

/** Sends what there is past the framework, which then has nothing to do. */
function endByHand(raw: ServerResponse, body: string, ending: Ending): Promise<never> {
  if (ending === 'given-up') {
    const source = inHalves(body, true);
    source.on('error', () => raw.end());
    source.pipe(raw);
  } else {
    raw.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length + 1 });
    raw.write(body);
    if (ending === 'short') raw.end();
    else setTimeout(() => raw.destroy(), 20);
  }
  return new Promise(() => {});
}

function inHalves(body: string, isCut: boolean): Readable {
  const middle = body.length >> 1;
  return Readable.from(
    (async function* () {
      yield Buffer.from(body.slice(0, middle));
      await sleep(20);
      if (isCut) throw new Error('the disk is gone');
      yield Buffer.from(body.slice(middle));
    })(),
  );
}
