import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Injectable, Module, type DynamicModule } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  CACHE_REGISTRY,
  CacheModule,
  CacheRegistry,
  CacheService,
  InjectCache,
  dummy,
  getCacheToken,
  type CacheModuleOptions,
  type CacheOptionsFactory,
} from 'nestjs-cache-framework';

const apps: TestingModule[] = [];

async function start(
  ...imports: (DynamicModule | Promise<DynamicModule>)[]
): Promise<TestingModule> {
  const builder = Test.createTestingModule({ imports });
  builder.setLogger(false as never);
  const app = await builder.compile();
  apps.push(app);
  return app.init();
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

@Injectable()
class Codes {
  constructor(
    @Inject(CacheService) readonly cache: CacheService,
    @InjectCache('sessions') readonly sessions: CacheService,
  ) {}
}

@Module({ providers: [Codes], exports: [Codes] })
class CodesModule {}

const two: CacheModuleOptions = {
  caches: { default: {}, sessions: { keyPrefix: 'sessions', timeout: '14d' } },
};

describe('CacheModule.forRoot()', () => {
  it('provides one memory cache when nothing is said', async () => {
    const app = await start(CacheModule.forRoot());

    const cache = app.get(CacheService);
    await cache.set('k', 'v');

    expect(await cache.get('k')).toBe('v');
    expect(app.get(getCacheToken())).toBe(cache);
  });

  it('injects caches by class and by alias, in modules that import nothing', async () => {
    const app = await start(CacheModule.forRoot(two), CodesModule as never);

    const { cache, sessions } = app.get(Codes);

    expect(cache.alias).toBe('default');
    expect(sessions.alias).toBe('sessions');
    expect(app.get(getCacheToken('sessions'))).toBe(sessions);
    expect(app.get(CacheRegistry)).toBe(app.get(CACHE_REGISTRY));
    expect(app.get(CacheRegistry).aliases()).toEqual(['default', 'sessions', 'pages']);
  });

  it('is the same under the name register()', async () => {
    const app = await start(CacheModule.register({ timeout: 5 }));

    await app.get(CacheService).set('k', 'v');

    expect(await app.get(CacheService).ttl('k')).toBeLessThanOrEqual(5);
  });

  it('is seen by importing modules only, when isGlobal is false', async () => {
    @Injectable()
    class Needy {
      constructor(@Inject(CacheService) readonly cache: CacheService) {}
    }
    @Module({ providers: [Needy] })
    class NeedyModule {}

    await expect(
      start(CacheModule.forRoot({ isGlobal: false }), NeedyModule as never),
    ).rejects.toThrow(/resolve dependencies of the Needy/);
  });

  it('takes a backend of your own as an object and as a factory', async () => {
    const factory = dummy();
    const app = await start(
      CacheModule.forRoot({ caches: { default: {}, nothing: { backend: factory } } }),
    );

    expect(app.get(CacheRegistry).get('nothing').backend.name).toBe('dummy');
  });

  it('shares one store between aliases of the same location and prefix, as Django does', async () => {
    const app = await start(CacheModule.forRoot({ caches: { default: {}, v2: { version: 2 } } }));
    const registry = app.get(CacheRegistry);

    await registry.get('v2').set('k', 'v');

    expect(await registry.get().get('k', undefined, { version: 2 })).toBe('v');
  });

  it('keeps the stores of two applications apart', async () => {
    const one = await start(CacheModule.forRoot());
    const other = await start(CacheModule.forRoot());

    await one.get(CacheService).set('k', 'v');

    expect(await other.get(CacheService).has('k')).toBe(false);
  });

  it('closes every cache when the application shuts down', async () => {
    const app = await start(CacheModule.forRoot());
    const cache = app.get(CacheService);

    await app.close();

    await expect(cache.get('k')).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });
});

describe('CacheModule.forRootAsync()', () => {
  @Injectable()
  class Settings implements CacheOptionsFactory {
    createCacheOptions(): CacheModuleOptions {
      return two;
    }
  }
  @Module({ providers: [Settings], exports: [Settings] })
  class SettingsModule {}

  it('takes useFactory with imports and inject', async () => {
    const app = await start(
      CacheModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async (settings: Settings) => settings.createCacheOptions(),
      }),
      CodesModule as never,
    );

    expect(app.get(Codes).sessions.alias).toBe('sessions');
  });

  it('takes useClass', async () => {
    const app = await start(CacheModule.forRootAsync({ useClass: Settings }), CodesModule as never);

    expect(app.get(Codes).sessions.alias).toBe('sessions');
  });

  it('takes useExisting', async () => {
    const app = await start(
      CacheModule.registerAsync({ imports: [SettingsModule], useExisting: Settings }),
      CodesModule as never,
    );

    expect(app.get(Codes).sessions.alias).toBe('sessions');
  });

  it('takes extraProviders and aliases', async () => {
    const app = await start(
      CacheModule.forRootAsync({
        extraProviders: [{ provide: 'url', useValue: 'memory://' }],
        aliases: ['pages'],
        inject: ['url'],
        useFactory: (url: string) => ({ caches: { default: { url }, pages: { url } } }),
      }),
    );

    expect(app.get<CacheService>(getCacheToken('pages')).alias).toBe('pages');
  });
});

async function failure(options: unknown): Promise<Error> {
  return start(CacheModule.forRoot(options as CacheModuleOptions)).then(
    () => {
      throw new Error('The application started.');
    },
    (error: Error) => error,
  );
}

describe('a configuration mistake fails the start', () => {
  it.each<[string, unknown, string, RegExp]>([
    [
      'no cache named default',
      { caches: { sessions: {} } },
      'CACHE_NO_DEFAULT',
      /no cache named "default" among "sessions"/,
    ],
    [
      'an unknown backend',
      { backend: 'memcache' },
      'CACHE_UNKNOWN_BACKEND',
      /"memcache".*Did you mean "memcached"\? Known: memory, dummy, file, memcached/,
    ],
    [
      'an unknown option of the cache',
      { timeOut: 5 },
      'CACHE_UNKNOWN_OPTION',
      /"timeOut" in cache "default"\. Did you mean "timeout"\?/,
    ],
    [
      'an unknown option of the backend',
      { backend: 'memory', options: { maxEntry: 5 } },
      'CACHE_UNKNOWN_OPTION',
      /"maxEntry".*Did you mean "maxEntries"\?/,
    ],
    [
      'an unknown option beside caches',
      { caches: { default: {} }, timeout: 5 },
      'CACHE_UNKNOWN_OPTION',
      /"timeout" in CacheModule\.forRoot\(\) beside "caches"/,
    ],
    [
      'a bad value of an option',
      { backend: 'memory', options: { maxEntries: 0 } },
      'CACHE_BAD_OPTION',
      /"maxEntries".*at least 1/,
    ],
    [
      'a timeout without unit',
      { timeout: '60' },
      'CACHE_BAD_OPTION',
      /"timeout".*"60" is not a timeout/,
    ],
    ['a timeout that is NaN', { timeout: NaN }, 'CACHE_BAD_OPTION', /NaN is not a timeout/],
    ['an ambiguous keyPrefix', { keyPrefix: 'a:1' }, 'CACHE_BAD_PREFIX', /"a:1".*"a-1"/],
    ['a negative version', { version: -1 }, 'CACHE_BAD_OPTION', /"version".*at least 0/],
    [
      'a keyFunction that is none',
      { keyFunction: 'a.b' },
      'CACHE_BAD_OPTION',
      /"keyFunction".*a function/,
    ],
    ['an unknown word', { onError: 'ignore' }, 'CACHE_BAD_OPTION', /"ignore".*"miss" or "throw"/],
    ['a serializer that is none', { serializer: {} }, 'CACHE_BAD_OPTION', /"serializer".*json\(\)/],
    [
      'an undefined url',
      { url: undefined },
      'CACHE_BAD_URL',
      /"url" of cache "default" is undefined/,
    ],
    ['an empty url', { url: '' }, 'CACHE_BAD_URL', /is empty/],
    ['a url that is none', { url: '10.0.0.1:11211' }, 'CACHE_BAD_URL', /no cache URL/],
    [
      'an unknown backend in a url, with its secret masked',
      { url: 'rediss://user:s3cret@host' },
      'CACHE_UNKNOWN_BACKEND',
      /"rediss"/,
    ],
    [
      'a backend without its methods',
      { backend: { name: 'x', get() {} } },
      'CACHE_BAD_BACKEND',
      /lacks set\(\)/,
    ],
    [
      'options beside a backend of your own',
      { backend: dummy(), options: { maxEntries: 5 } },
      'CACHE_BAD_OPTION',
      /nobody would read/,
    ],
    ['a file cache without a directory', { backend: 'file' }, 'CACHE_BAD_OPTION', /location/],
    [
      'a directory that cannot be made',
      { backend: 'file', location: '/dev/null/cache' },
      'CACHE_DIRECTORY',
      /\/dev\/null\/cache/,
    ],
    [
      'a memcached address that cannot be parsed',
      { backend: 'memcached', location: 'host:port' },
      'CACHE_BAD_LOCATION',
      /host:port/,
    ],
    [
      'two limits for one store',
      { caches: { default: {}, other: { options: { maxEntries: 5 } } } },
      'CACHE_STORE_LIMITS',
      /location/,
    ],
    ['options that are no object', { caches: 5 }, 'CACHE_BAD_OPTION', /"caches"/],
    ['a cache that is no object', { caches: { default: 5 } }, 'CACHE_BAD_OPTION', /default/],
  ])('%s', async (_, options, code, message) => {
    const error = await failure(options);

    expect(error).toMatchObject({ name: 'CacheConfigError', code });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('s3cret');
  });

  it('a second CacheModule', async () => {
    await expect(
      start(CacheModule.forRoot({ timeout: 5 }), CacheModule.forRoot({ timeout: 6 })),
    ).rejects.toMatchObject({
      code: 'CACHE_SECOND_MODULE',
      message: expect.stringContaining('2 times'),
    });
  });

  it('an injected alias that is not configured, with the known ones', async () => {
    await expect(start(CacheModule.forRoot(), CodesModule as never)).rejects.toMatchObject({
      code: 'CACHE_UNKNOWN_ALIAS',
      message: expect.stringMatching(/"sessions".*Configured: default/),
    });
  });

  it('an alias among "aliases" that the factory does not configure', async () => {
    const module = CacheModule.forRootAsync({ aliases: ['sesions'], useFactory: () => ({}) });

    await expect(start(module)).rejects.toMatchObject({
      code: 'CACHE_UNKNOWN_ALIAS',
      message: expect.stringContaining('"sesions"'),
    });
  });

  it('not an alias that only a class outside of the application injects', async () => {
    @Controller()
    class Elsewhere {
      @InjectCache('elsewhere') readonly cache!: CacheService;
      @Get() get(): void {}
    }

    expect(Elsewhere).toBeDefined();
    await expect(start(CacheModule.forRoot())).resolves.toBeDefined();
  });
});
