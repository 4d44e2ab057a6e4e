import type { IncomingHttpHeaders } from 'node:http';
import {
  All,
  Controller,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
  Req,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { CacheInterceptor, CacheKey } from 'nestjs-cache-framework';
import type { Answer } from './http-app.js';

export interface Asked {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: Record<string, string | string[] | undefined>;
  readonly body?: unknown;
  user?: unknown;
}

interface Reply {
  header(name: string, value: unknown): unknown;
  status(code: number): unknown;
}

/** How often any handler ran. */
export let runs = 0;

export function nextRun(): number {
  runs += 1;
  return runs;
}

/** All that a careless handler may put into its answer. */
function echo(request: Asked): object {
  nextRun();
  const { headers } = request;
  return {
    run: runs,
    who: headers.authorization ?? headers['x-api-key'] ?? headers.cookie ?? 'anonymous',
    host: headers.host,
    forwardedHost: headers['x-forwarded-host'] ?? 'none',
    language: headers['accept-language'] ?? 'none',
    callback: request.query['callback'] ?? 'none',
  };
}

@Controller()
@UseInterceptors(CacheInterceptor)
export class Careless {
  @Get('me')
  @Header('Cache-Control', 'max-age=60')
  me(@Req() request: Asked): object {
    return echo(request);
  }

  /** Answers with the headers that the query lists, such as `h=Vary: *`. */
  @Get('with')
  with(@Req() request: Asked, @Res({ passthrough: true }) reply: Reply): object {
    const fields = new Map<string, string[]>();
    for (const line of [request.query['h'] ?? []].flat()) {
      const [name, value] = line.split(/: ?(.*)/s) as [string, string];
      fields.set(name, [...(fields.get(name) ?? []), value]);
    }
    for (const [name, values] of fields) {
      reply.header(name, values.length === 1 ? values[0] : values);
    }
    const { status } = request.query;
    if (status !== undefined) reply.status(Number(status));
    return echo(request);
  }

  @Get('range')
  range(@Req() request: Asked): string {
    return request.headers.range === undefined ? JSON.stringify(echo(request)) : 'a';
  }

  @Post('write')
  @CacheKey('write')
  @Header('Cache-Control', 'max-age=60')
  @HttpCode(200)
  write(@Req() request: Asked): object {
    return echo(request);
  }

  @All('any')
  @CacheKey('any')
  @Header('Cache-Control', 'max-age=60')
  any(@Req() request: Asked): object {
    return { ...echo(request), method: request.method };
  }

  @Get('key/:id')
  @CacheKey('one')
  one(@Param('id') id: string, @Req() request: Asked): object {
    return { ...echo(request), id };
  }

  @Get('users')
  @CacheKey('list')
  users(@Req() request: Asked): object {
    return { ...echo(request), list: 'users' };
  }

  @Get('items')
  @CacheKey('list')
  items(@Req() request: Asked): object {
    return { ...echo(request), list: 'items' };
  }

  @Get('static/:file')
  files(@Req() request: Asked): object {
    return echo(request);
  }

  @Get('me/:file')
  private(@Req() request: Asked, @Res({ passthrough: true }) reply: Reply): object {
    reply.header('Cache-Control', 'private');
    return echo(request);
  }
}

/** The path of an answer with these headers. No two are the same. */
export const pathWith = (...lines: string[]): string =>
  `/with?t=${runs}&${lines.map((line) => `h=${encodeURIComponent(line)}`).join('&')}`;

/** A field of an answer. */
export const part = (answer: Answer, name: string): unknown =>
  (JSON.parse(answer.body) as Record<string, unknown>)[name];
