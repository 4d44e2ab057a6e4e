import { Readable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import {
  Controller,
  Get,
  Header,
  HttpCode,
  Redirect,
  Res,
  ServiceUnavailableException,
  Sse,
  StreamableFile,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { interval, map, of, take, type Observable } from 'rxjs';

export const MEBIBYTE = 1024 * 1024;

/** What is used of a framework's response; Express and Fastify both have it. */
interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  type(type: string): Reply;
  send(body: unknown): unknown;
}

class User {
  constructor(
    readonly name: string,
    readonly password: string,
  ) {}
}

/** What `ClassSerializerInterceptor` does: hides a field of instances, and can do nothing for plain objects. */
class Serializer implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next
      .handle()
      .pipe(map((value: unknown) => (value instanceof User ? { name: value.name } : value)));
  }
}

/** How often each handler ran. */
export const runs: Record<string, number> = {};

function run(name: string): number {
  return (runs[name] = (runs[name] ?? 0) + 1);
}

@Controller()
@UseInterceptors(CacheInterceptor)
export class Pages {
  @Get('basic')
  basic(): object {
    return { run: run('basic') };
  }

  @Get('text')
  text(): string {
    return `täxt ${run('text')}`;
  }

  @Get('dynamic')
  dynamic(@Res({ passthrough: true }) reply: Reply): object {
    reply.status(203).header('X-Dyn', 'yes').type('application/problem+json');
    return { run: run('dynamic') };
  }

  @Get('missing')
  missing(@Res({ passthrough: true }) reply: Reply): object {
    reply.status(404);
    return { error: 'not found', run: run('missing') };
  }

  @Get('static')
  @HttpCode(203)
  @Header('X-Static', 'yes')
  @Header('Content-Type', 'text/csv')
  static(): string {
    return `a,b,${run('static')}`;
  }

  @Get('links')
  links(@Res({ passthrough: true }) reply: { header(n: string, v: unknown): unknown }): string {
    reply.header('Link', ['</a>; rel=preload', '</b>; rel=preload']);
    return `links ${run('links')}`;
  }

  @Get('null')
  null(): null {
    run('null');
    return null;
  }

  @Get('undefined')
  undefined(): void {
    run('undefined');
  }

  @Get('zero')
  zero(): number {
    run('zero');
    return 0;
  }

  @Get('false')
  false(): boolean {
    run('false');
    return false;
  }

  @Get('empty')
  empty(): string {
    run('empty');
    return '';
  }

  @Get('bytes')
  @Header('Content-Type', 'application/octet-stream')
  bytes(): StreamableFile {
    run('bytes');
    return new StreamableFile(new Uint8Array([0, 7, 8, 255]));
  }

  @Get('own')
  own(@Res() reply: Reply): void {
    reply.status(200).header('X-Own', 'yes').type('text/plain');
    reply.send(`own ${run('own')}`);
  }

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(
      Readable.from([Buffer.from('file '), Buffer.from(`${run('file')}`)]),
      {
        type: 'text/plain',
        disposition: 'attachment; filename="a.txt"',
      },
    );
  }

  @Get('response')
  response(): Response {
    return new Response(`web ${run('response')}`, { status: 203, headers: { 'X-Web': 'yes' } });
  }

  @Get('web-stream')
  webStream(): ReadableStream {
    return new Response(`web ${run('web-stream')}`).body!;
  }

  @Get('readable')
  readable(): Readable {
    return Readable.from([`readable ${run('readable')}`, ' more']);
  }

  @Get('generator')
  async *generator(): AsyncGenerator<string> {
    yield `gen ${run('generator')}`;
    await new Promise((resolve) => setImmediate(resolve));
    yield ' more';
  }

  @Sse('events')
  events(): Observable<object> {
    run('events');
    return interval(1).pipe(
      take(3),
      map((tick) => ({ data: { tick } })),
    );
  }

  @Get('events-by-hand')
  eventsByHand(@Res() reply: Reply): void {
    reply.type('text/event-stream');
    reply.send(`data: ${run('events-by-hand')}\n\n`);
  }

  @Get('many')
  many(): Observable<object> {
    run('many');
    return of({ x: 1 }, { x: 2 }, { x: 3 });
  }

  @Get('user')
  @UseInterceptors(Serializer)
  user(): User {
    run('user');
    return new User('ann', 's3cret');
  }

  @Get('moved')
  @Redirect('/basic', 301)
  moved(): void {
    run('moved');
  }

  @Get('moved-anywhere')
  @Redirect('/basic', 308)
  movedAnywhere(): object {
    return { url: `/basic?r=${run('moved-anywhere')}` };
  }

  @Get('found')
  @Redirect('/basic')
  found(): void {
    run('found');
  }

  @Get('down')
  down(): never {
    run('down');
    throw new ServiceUnavailableException();
  }

  @Get('large')
  large(): StreamableFile {
    run('large');
    return new StreamableFile(Readable.from([Buffer.alloc(MEBIBYTE, 'a'), Buffer.alloc(1, 'b')]));
  }

  @Get('largest')
  largest(): string {
    run('largest');
    return 'x'.repeat(MEBIBYTE);
  }

  @Get('broken')
  broken(): StreamableFile {
    const number = run('broken');
    return new StreamableFile(
      Readable.from(
        (async function* () {
          yield Buffer.from('first half, ');
          await new Promise((resolve) => setTimeout(resolve, 20));
          if (number === 1) throw new Error('disk');
          yield Buffer.from('second half');
        })(),
      ),
    );
  }

  @Get('lying')
  lying(@Res() reply: { raw?: Reply } & Reply): void {
    const raw = (reply.raw ?? reply) as unknown as ServerResponse;
    const number = run('lying');
    raw.writeHead(200, { 'Content-Length': 9 });
    raw.write(number === 1 ? 'four' : 'the whole');
    if (number > 1) raw.end();
    else setTimeout(() => raw.destroy(), 20);
  }
}

@Controller('outer')
@UseInterceptors(Serializer, CacheInterceptor)
export class OuterSerializer {
  @Get('user')
  user(): User {
    run('outer-user');
    return new User('ann', 's3cret');
  }
}
