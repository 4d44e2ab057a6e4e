import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { Answer, Asking, HttpApp } from './http-app.js';
import { describeOnGrounds } from './page-grounds.js';
import { Scene, type Answers, type Asked } from './security-scene.js';
import { startStage, type StageApp } from './security-stage.js';
import { expectVerdicts, type Pages } from './security-verdicts.js';

jest.setTimeout(process.env['HEAVY'] ? 3_600_000 : 120_000);

type Headers = NonNullable<Asking['headers']>;

/**
 * What clients who ask at once must get, by the bodies and by the runs of the handler.
 *
 * - `own`: each what a run of the handler made for its own request.
 * - `once`: all of one variant the same, which one run made for one of them.
 * - `{ of }`: what the step of this number brought for the same variant, without a run.
 * - `refused`: an answer in which no handler had a part.
 * - `whole`: what some run made, to the last byte.
 * - `anything`: whatever comes.
 */
export type Outcome = 'own' | 'once' | 'refused' | 'whole' | 'anything' | { readonly of: number };

/** What clients ask for at once, each with headers of its own if there are some. */
export interface Ask {
  readonly gets: Outcome;
  readonly method?: string;
  /** Where this one asks. Default: where the others of the sequence do. */
  readonly url?: (token: string) => string;
  /** What follows the URL. Default: nothing. */
  readonly path?: string | ((client: number) => string);
  readonly headers?: Headers | ((client: number) => Headers);
  readonly body?: string;
  /** The status that must come. Default: 200. */
  readonly status?: number;
  /** Names the page that is due to the client. Default: one for all. */
  readonly variant?: (client: number) => string;
  /** Headers that the answer must bear, or with undefined must not bear. */
  readonly bears?: Readonly<Record<string, unknown>>;
  /** The client hangs up as soon as the first bytes of the body are there. */
  readonly leaves?: true;
}

/** Something else that happens between requests, or that must be true then. */
export type Act = (stage: StageApp, token: string) => unknown;

/** Requests in turn, and what must come out. Several in one step are asked for at once, by the clients in turn. */
export interface Sequence {
  readonly title: string;
  /** Default: `/stage/` and the token of the scene. */
  readonly url?: (token: string) => string;
  /** Default: 200 with nothing special. */
  readonly answers?: Answers;
  /** Whom the guard refuses. Default: nobody. */
  readonly refuses?: (asked: Asked) => boolean;
  readonly steps: readonly (Ask | readonly Ask[] | Act)[];
  /** How many entries more there may be afterwards. Default: any number. */
  readonly stores?: number;
}

/** One client that asks. */
export interface Client {
  readonly ask: Ask;
  readonly number: number;
}

const CLIENTS = [1, 20] as const;

/** Defines a test for each sequence: on each framework and backend, with one client and with twenty at once. */
export function playEverywhere(title: string, sequences: readonly Sequence[]): void {
  describeOnGrounds(title, (platform, backend) => {
    let stage: StageApp;

    beforeAll(async () => {
      stage = await startStage(platform, backend);
    });

    afterAll(async () => {
      await stage.close();
    });

    const tests = sequences.flatMap((sequence) =>
      CLIENTS.map((clients) => [sequence.title, clients, sequence] as const),
    );

    it.each(tests)('%s, for %d at once', async (_title, clients, sequence) => {
      await play(stage, sequence, clients);
    });
  });
}

/** Plays a sequence on a URL of its own and judges all that comes out. */
export async function play(stage: StageApp, sequence: Sequence, clients: number): Promise<void> {
  const { http, ground } = stage;
  const { url = (token: string) => `/stage/${token}`, stores } = sequence;
  const scene = new Scene(sequence.answers ?? (() => ({})), sequence.refuses);
  const stored = await ground.entries(http.cache);
  const history: Pages[] = [];

  for (const step of sequence.steps) {
    const pages: Pages = new Map();
    history.push(pages);
    if (typeof step === 'function') {
      await step(stage, scene.token);
      continue;
    }
    for (const wave of wavesOf([step].flat(), clients)) {
      const ran = scene.runs.length;
      scene.expect(wave.length);
      const answers = await Promise.all(
        wave.map((client) => askAs(http, (client.ask.url ?? url)(scene.token), client)),
      );
      await scene.isLeft();
      await ground.watch.isQuiet();
      expectVerdicts({ wave, answers, runs: scene.runs, ran, history, pages });
    }
  }

  if (stores !== undefined) {
    expect(await ground.entries(http.cache)).toBeLessThanOrEqual(stored + stores);
  }
}

/** Who asks at once: with one client one ask after the other. */
function wavesOf(asks: readonly Ask[], clients: number): Client[][] {
  if (clients === 1) return asks.map((ask) => [{ ask, number: 0 }]);
  const wave = Array.from({ length: clients }, (_, number) => ({
    ask: asks[number % asks.length]!,
    number,
  }));
  return [wave];
}

/** The answer, or undefined if it broke off. */
async function askAs(
  http: HttpApp,
  url: string,
  { ask, number }: Client,
): Promise<Answer | undefined> {
  const { path = '', headers = {}, method = 'GET', body, leaves = false } = ask;
  try {
    return await http.ask(`${url}${typeof path === 'string' ? path : path(number)}`, {
      method,
      ...(body === undefined ? {} : { body }),
      leaves,
      headers: typeof headers === 'function' ? headers(number) : headers,
    });
  } catch {
    return undefined;
  }
}
