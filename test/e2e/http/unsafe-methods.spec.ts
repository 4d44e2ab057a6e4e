import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  All,
  Body,
  Controller,
  Delete,
  Get,
  HttpException,
  Param,
  Patch,
  Post,
  Put,
  Redirect,
  Res,
  StreamableFile,
  UseInterceptors,
} from '@nestjs/common';
import { from } from 'rxjs';
import {
  CacheInterceptor,
  CachePage,
  CacheTTL,
  NeverCache,
  type Payload,
} from 'nestjs-cache-framework';
import { PLATFORMS, cachesOf, startController, type HttpApp } from './http-app.js';

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): unknown;
}

/** What a client asks the handler to do. */
interface Wish {
  readonly status?: number;
  readonly throws?: number;
  readonly location?: string;
  readonly contentLocation?: string;
}

function grant(wish: Wish, reply: Reply): string {
  if (wish.throws !== undefined) throw new HttpException('no', wish.throws);
  if (wish.status !== undefined) reply.status(wish.status);
  if (wish.location !== undefined) reply.header('Location', wish.location);
  if (wish.contentLocation !== undefined) reply.header('Content-Location', wish.contentLocation);
  return 'done';
}

@Controller()
@CacheTTL(60)
@UseInterceptors(CacheInterceptor)
class News {
  @Get(['news', 'news/:id', 'other', 'feed'])
  read(@Param('id') id = 'all'): string {
    return `news ${id}`;
  }

  @Post(['news', 'news/:id'])
  post(@Body() wish: Wish, @Res({ passthrough: true }) reply: Reply): string {
    return grant(wish, reply);
  }

  @Put('news/:id')
  put(@Body() wish: Wish, @Res({ passthrough: true }) reply: Reply): string {
    return grant(wish, reply);
  }

  @Patch('news/:id')
  patch(@Body() wish: Wish, @Res({ passthrough: true }) reply: Reply): string {
    return grant(wish, reply);
  }

  @Delete('news/:id')
  delete(@Body() wish: Wish, @Res({ passthrough: true }) reply: Reply): string {
    return grant(wish, reply);
  }

  @Post('feed')
  feed(): StreamableFile {
    return new StreamableFile(Buffer.from('done'));
  }

  @Post('other')
  @NeverCache()
  never(): string {
    return 'done';
  }
}

@Controller()
@CacheTTL(60)
@UseInterceptors(CacheInterceptor)
class Kinds {
  @Get(['own', 'many', 'moved', 'target'])
  read(): string {
    return 'read';
  }

  @Post('own')
  own(@Res() reply: Reply): void {
    reply.status(200).send('done');
  }

  @Post('many')
  many(): unknown {
    return from(['one', 'two', 'three']);
  }

  @Post('moved')
  @Redirect('/target', 303)
  moved(): void {}

  @All('options')
  options(): string {
    return 'done';
  }
}

const refused = async (): Promise<never> => {
  throw new Error('ECONNREFUSED');
};

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

async function write(method: string, path: string, wish: Wish = {}): Promise<number> {
  const body = JSON.stringify(wish);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': String(body.length) };
  return (await http.ask(path, { method, headers, body })).status;
}

const cacheOf = async (path: string): Promise<string | undefined> => (await http.ask(path)).cache;

describe.each(PLATFORMS)('a request that changes something, on %s', (platform) => {
  beforeEach(async () => {
    http = await startController(platform, News);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'removes the pages of its path if it succeeds, whatever their queries: %s [V6]',
    async (method) => {
      const paths = ['/news/7', '/news/7?page=2', '/news/8', '/news'];
      await cachesOf(http, paths);

      expect(await write(method, '/news/7?x=1')).toBeLessThan(300);

      expect(await cachesOf(http, paths)).toEqual(['MISS', 'MISS', 'HIT', 'HIT']);
    },
  );

  it.each<[string, Wish]>([
    ['throws 500', { throws: 500 }],
    ['throws 404', { throws: 404 }],
    ['answers 500', { status: 500 }],
    ['answers 409', { status: 409 }],
  ])('removes nothing if it %s [V6]', async (_what, wish) => {
    await http.ask('/news/7');

    expect(await write('PUT', '/news/7', wish)).toBeGreaterThanOrEqual(400);

    expect(await cacheOf('/news/7')).toBe('HIT');
  });

  it.each<[string, Wish]>([
    ['a path', { status: 201, location: '/news/8' }],
    ['a relative one', { status: 201, location: 'news/8' }],
    ['Content-Location', { contentLocation: '/news/8?x=1' }],
  ])('removes the pages that its answer names: %s [V6]', async (_what, wish) => {
    await cachesOf(http, ['/news/8', '/news']);

    await write('POST', '/news', wish);

    expect(await cachesOf(http, ['/news/8', '/news'])).toEqual(['MISS', 'MISS']);
  });

  it('removes those that its answer names in full, on its own host only [V6]', async () => {
    await http.ask('/news/8');
    await write('POST', '/news', { status: 201, location: `http://evil.example/news/8` });
    const after = await cacheOf('/news/8');

    await write('POST', '/news', { status: 201, location: `http://127.0.0.1:${http.port}/news/8` });

    expect([after, await cacheOf('/news/8')]).toEqual(['HIT', 'MISS']);
  });

  it('removes nothing that a failed answer names', async () => {
    await http.ask('/news/8');

    await write('POST', '/news', { status: 500, location: '/news/8' });

    expect(await cacheOf('/news/8')).toBe('HIT');
  });

  it.each(['/News/7', '/news/7/', '/%6eews/7', '/n%65ws/%37', '/NEWS/7?a=b'])(
    'removes the pages of a path that a router may take for its own: %s',
    async (written) => {
      await http.ask('/news/7');
      // What no route of this framework answers changes nothing.
      const status = await write('PUT', written);

      expect(await cacheOf('/news/7')).toBe(status === 404 ? 'HIT' : 'MISS');
    },
  );

  it.each([
    ['/news/a;b', '/news/a%3Bb'],
    ['/news/a%3bb', '/news/a;b'],
  ])('removes the page of %s, whose parameter is the same, by %s', async (read, written) => {
    await http.ask(read);

    expect(await write('PUT', written)).toBe(200);

    expect(await cacheOf(read)).toBe('MISS');
  });

  it('removes the pages of such paths', async () => {
    // Which of these a framework takes for the path is its own.
    const forms: string[] = [];
    for (const form of ['/news/7', '/%6eews/7', '/News/7', '/news/7/', '/news/%37']) {
      if ((await http.ask(form)).status === 200) forms.push(form);
    }

    await write('PUT', '/news/7');

    expect(forms.length).toBeGreaterThan(1);
    expect(await cachesOf(http, forms)).toEqual(forms.map(() => 'MISS'));
  });

  it('removes pages of all hosts and variants', async () => {
    const hosts = ['a.example', 'b.example'].map((host) => ({ headers: { Host: host } }));
    for (const asking of hosts) await http.ask('/news/7', asking);

    await write('DELETE', '/news/7');

    for (const asking of hosts) {
      expect(await http.ask('/news/7', asking)).toMatchObject({ cache: 'MISS' });
    }
  });

  it('removes pages before its own answer, a file, is there', async () => {
    await http.ask('/feed');

    await write('POST', '/feed');

    expect(await cacheOf('/feed')).toBe('MISS');
  });

  it('removes pages under @NeverCache() too', async () => {
    await http.ask('/other');

    await write('POST', '/other');

    expect(await cacheOf('/other')).toBe('MISS');
  });

  it('is carried out if the cache fails, which is logged', async () => {
    await http.close();
    const entries = new Map<string, Payload>();
    http = await startController(platform, News, {
      cache: {
        backend: {
          name: 'down',
          get: async () => undefined,
          set: refused,
          add: async (key, payload) => !entries.has(key) && Boolean(entries.set(key, payload)),
          touch: refused,
          delete: refused,
          clear: refused,
        },
      },
    });

    expect(await write('PUT', '/news/7')).toBe(200);
    expect(http.log.said()).toContainEqual(
      expect.stringMatching(
        /^News\.put was carried out, but the pages of its path could not be removed: .*ECONNREFUSED/,
      ),
    );
  });
});

@Controller('beside')
class Beside {
  @Get(':id')
  @CachePage(60)
  read(): string {
    return 'read';
  }

  @Get(':id/plain')
  plain(): string {
    return 'plain';
  }

  @Put(':id')
  write(): string {
    return 'done';
  }
}

describe.each(PLATFORMS)('handlers beside one under @CachePage(), on %s', (platform) => {
  it('remove its pages, and are no pages themselves', async () => {
    http = await startController(platform, Beside);
    await cachesOf(http, ['/beside/7', '/beside/8']);

    expect(await write('PUT', '/beside/7')).toBe(200);

    expect(await cachesOf(http, ['/beside/7', '/beside/8'])).toEqual(['MISS', 'HIT']);
    expect(await cachesOf(http, ['/beside/7/plain', '/beside/7/plain'])).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe.each(PLATFORMS)('kinds of handlers that change something, on %s', (platform) => {
  beforeEach(async () => {
    http = await startController(platform, Kinds);
  });

  it.each(['/own', '/many'])('remove their pages: %s', async (path) => {
    await http.ask(path);

    await write('POST', path);
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(await cacheOf(path)).toBe('MISS');
  });

  it('remove the page that @Redirect() leads to', async () => {
    await cachesOf(http, ['/moved', '/target']);

    expect(await write('POST', '/moved')).toBe(303);

    expect(await cachesOf(http, ['/moved', '/target'])).toEqual(['MISS', 'MISS']);
  });

  it('are not those that change nothing', async () => {
    await http.ask('/options');

    await http.ask('/options', { method: 'OPTIONS' });
    await http.ask('/options', { method: 'HEAD' });

    expect(await cacheOf('/options')).toBe('HIT');
  });
});
