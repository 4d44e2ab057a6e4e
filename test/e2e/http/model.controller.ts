import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingHttpHeaders } from 'node:http';
import {
  All,
  Controller,
  Req,
  Res,
  StreamableFile,
  UseGuards,
  UseInterceptors,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { CacheInterceptor, CacheKey } from 'nestjs-cache-framework';

/** What an answer may depend on, as both sides of a request know it. A header that is missing is null. */
export interface Facts {
  readonly url: string;
  readonly host: string;
  readonly method: string;
  readonly visitor: string;
  readonly forwarded: string | null;
  readonly language: string | null;
  readonly a: string | null;
  readonly b: string | null;
  readonly origin: string | null;
}

/** What a handler says: which facts went into its answer, and for whom it is if it is for one client only. */
export interface Said extends Partial<Facts> {
  readonly run: number;
  readonly status: number;
  /** The port of the one client; undefined: for all to whom the facts apply. */
  readonly port?: number;
}

/** How the pages of a kind are made. */
interface Kind {
  /** Facts that go into the body besides those that all have. Those that headers tell are in its `Vary`. */
  readonly tells?: readonly (keyof typeof VARY)[];
  readonly lines?: (run: number) => readonly (readonly [name: string, value: string])[];
  /** True: this run's answer is for one client only, which its lines or its status say. */
  readonly isPersonal?: (run: number) => boolean;
  readonly status?: (run: number) => number;
  readonly isStream?: boolean;
  readonly takesRanges?: boolean;
}

const VARY = { language: 'Accept-Language', a: 'X-A', b: 'X-B', origin: 'Origin' } as const;

const MINUTE = ['Cache-Control', 'max-age=60'] as const;
const PRIVATE = ['Cache-Control', 'private'] as const;

const isOdd = (run: number): boolean => run % 2 === 1;

/** The kinds of pages, by the name that stands in their URL. */
export const KINDS: Readonly<Record<string, Kind>> = {
  plain: { lines: () => [MINUTE] },
  brief: { lines: () => [['Cache-Control', 'max-age=1']] },
  untold: {},
  language: { tells: ['language'], lines: () => [MINUTE] },
  two: { tells: ['a', 'b'], lines: () => [MINUTE] },
  // Its Vary grows and shrinks.
  growing: {
    tells: ['a'],
    lines: (run) => [MINUTE, ...(isOdd(run) ? [['Vary', 'X-B'] as const] : [])],
  },
  origin: { tells: ['origin'], lines: () => [MINUTE] },
  private: { lines: () => [PRIVATE], isPersonal: () => true },
  // One knows only afterwards whether it is for all.
  moody: { lines: (run) => [isOdd(run) ? PRIVATE : MINUTE], isPersonal: isOdd },
  mint: { lines: (run) => [MINUTE, ['Set-Cookie', `sid=${run}`]], isPersonal: () => true },
  sometimes: {
    lines: (run) => [MINUTE, ...(isOdd(run) ? [['Set-Cookie', `sid=${run}`] as const] : [])],
    isPersonal: isOdd,
  },
  failing: {
    lines: () => [MINUTE],
    status: (run) => [200, 404, 500][run % 3]!,
    isPersonal: (run) => run % 3 !== 0,
  },
  tagged: { lines: () => [MINUTE, ['ETag', '"tag"']] },
  stream: { lines: () => [MINUTE], isStream: true },
  range: { lines: () => [MINUTE], takesRanges: true },
};

/** Kinds of which every answer is for one client, and one whose pages a slow machine outlives. */
export const SELDOM_SHARED = ['private', 'mint', 'brief'];

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remotePort?: number };
  user?: unknown;
}

interface Reply {
  header(name: string, value: unknown): unknown;
  status(code: number): unknown;
}

/** All that handlers have said, by the number of the run. */
export const said = new Map<number, Said>();

/** Finds out who somebody is who tells their name, and lets Mallory in nowhere. */
class Doorkeeper implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const asked = context.switchToHttp().getRequest<Asked>();
    const name = asked.headers['x-name'];
    if (name !== undefined) asked.user = { name };
    return name !== 'mallory';
  }
}

/** Who asks, by what they bear. */
export function visitorOf(headers: Readonly<Record<string, unknown>>): string {
  const names = ['authorization', 'cookie', 'x-api-key', 'x-name'];
  const name = names.find((each) => headers[each] !== undefined);
  return name === undefined ? 'nobody' : `${name} ${String(headers[name])}`;
}

/** The facts of a request, by the headers as Node joins them. */
export function factsOf(
  method: string,
  url: string,
  headers: Readonly<Record<string, unknown>>,
): Facts {
  const of = (name: string): string | null => (headers[name] as string | undefined) ?? null;
  return {
    url,
    host: String(headers['host']),
    method: method === 'HEAD' ? 'GET' : method,
    visitor: visitorOf(headers),
    forwarded: of('x-forwarded-host'),
    language: of('accept-language'),
    a: of('x-a'),
    b: of('x-b'),
    origin: of('origin'),
  };
}

@Controller()
@UseGuards(Doorkeeper)
@UseInterceptors(CacheInterceptor)
export class Model {
  @All('model/:kind/:page')
  page(@Req() asked: Asked, @Res({ passthrough: true }) reply: Reply): Promise<unknown> {
    return answer(asked, reply);
  }

  @All('keyed/:kind/:page')
  @CacheKey('x')
  keyed(@Req() asked: Asked, @Res({ passthrough: true }) reply: Reply): Promise<unknown> {
    return answer(asked, reply);
  }
}

async function answer(asked: Asked, reply: Reply): Promise<unknown> {
  const run = said.size + 1;
  const kind = KINDS[asked.url.split('/')[2]!]!;
  const { language, a, b, origin, ...facts } = factsOf(asked.method, asked.url, asked.headers);
  const varying = { language, a, b, origin };
  const { tells = [], lines = () => [], isPersonal = () => false } = kind;
  const isPart = kind.takesRanges === true && asked.headers.range !== undefined;
  const speech: Said = {
    run,
    // Some send a part as if it were the whole.
    status: isPart && isOdd(run) ? 206 : (kind.status?.(run) ?? 200),
    ...facts,
    ...Object.fromEntries(tells.map((name) => [name, varying[name]])),
    ...(isPersonal(run) || isPart ? { port: asked.socket.remotePort ?? 0 } : {}),
  };
  said.set(run, speech);
  // In no order in which they came.
  await sleep(run % 4);
  reply.status(speech.status);
  reply.header('X-Run', String(run));
  reply.header('Content-Type', 'application/json');
  const vary = tells.map((name) => VARY[name] as string);
  for (const [name, value] of lines(run)) {
    if (name === 'Vary') vary.push(value);
    else reply.header(name, value);
  }
  if (vary.length > 0) reply.header('Vary', vary.join(', '));
  if (tells.includes('origin')) reply.header('Access-Control-Allow-Origin', origin ?? 'none');
  if (speech.status === 206) reply.header('Content-Range', 'bytes 0-9/10');
  const body = JSON.stringify(speech);
  return kind.isStream ? new StreamableFile(Readable.from(pieces(Buffer.from(body)))) : body;
}

function* pieces(body: Buffer): Generator<Buffer> {
  for (let start = 0; start < body.length; start += 20) yield body.subarray(start, start + 20);
}
