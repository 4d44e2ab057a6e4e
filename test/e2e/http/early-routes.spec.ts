import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CacheKey, CachePage, VaryOn, user } from 'nestjs-cache-framework';
import { startController, type HttpApp, type HttpAppOptions } from './http-app.js';

const made = (): string => 'made';
const tags = (_context: ExecutionContext): string[] => ['a'];

class Guard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Controller()
class ByFunction {
  @Get()
  @CachePage(60, { early: true })
  @VaryOn(made)
  page(): string {
    return 'page';
  }
}

@Controller()
class ByUser {
  @Get()
  @CachePage(60, { early: true })
  @VaryOn(user(({ id }: { id: number }) => id))
  page(): string {
    return 'page';
  }
}

@Controller()
class ByKey {
  @Get()
  @CachePage(60, { early: true })
  @CacheKey(made)
  page(): string {
    return 'page';
  }
}

@Controller()
class ByTags {
  @Get()
  @CachePage(60, { early: true, tags })
  page(): string {
    return 'page';
  }
}

@Controller()
@CachePage(60, { early: true, unless: () => false })
class ByUnless {
  @Get()
  page(): string {
    return 'page';
  }
}

@Controller()
@CachePage(60, { early: true })
@UseGuards(Guard)
class Guarded {
  @Get()
  page(): string {
    return this.helper();
  }

  helper(): string {
    return 'page';
  }
}

@Controller()
class Open {
  @Get()
  @CachePage(60, { early: true, tags: ['a'] })
  @CacheKey('open')
  page(): string {
    return 'page';
  }
}

let http: HttpApp | undefined;

afterEach(async () => {
  await http?.close();
  http = undefined;
});

/** What the application warns of when it starts. */
async function warnings(
  controller: Type<unknown>,
  options: HttpAppOptions = {},
): Promise<string[]> {
  http = await startController('express', controller, options);
  return http.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
}

describe('a route that opts in to early pages', () => {
  it.each<[string, Type<unknown>, string]>([
    ['a function of @VaryOn()', ByFunction, 'ByFunction.page'],
    ['user()', ByUser, 'ByUser.page'],
    ['a function of @CacheKey()', ByKey, 'ByKey.page'],
    ['a function that gives its tags', ByTags, 'ByTags.page'],
    ['"unless"', ByUnless, 'ByUnless.page'],
  ])('fails the start with %s', async (what, controller, where) => {
    await expect(startController('express', controller)).rejects.toMatchObject({
      code: 'CACHE_EARLY_ROUTE',
      message: `${where} opts in to early pages and has ${what}, which needs what is known only behind the router. Leave out one of the two.`,
    });
  });

  it('is warned of, by its name and once, if it has guards', async () => {
    expect(await warnings(Guarded)).toEqual([
      'Guarded.page has guards and opts in to early pages: its guards are not asked when a page is sent in front of the router.',
    ]);
  });

  it.each<[string, HttpAppOptions]>([
    ['by a provider', { providers: [{ provide: APP_GUARD, useClass: Guard }] }],
    ['by the application', { configure: (app) => app.useGlobalGuards(new Guard()) }],
  ])('is warned of if there are global guards: %s', async (_how, options) => {
    expect(await warnings(Open, options)).toEqual([
      expect.stringMatching(/^Open\.page has guards/),
    ]);
  });

  it('is warned of for nothing else', async () => {
    expect(await warnings(Open)).toEqual([]);
  });
});
