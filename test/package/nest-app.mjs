import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MANIFEST } from './packed-package.mjs';

const NEW_ARGUMENTS = ['--package-manager', 'npm', '--skip-git', '--skip-install'];
const MINUTE = 60_000;

/** An application made by `nest new` of one major version of Nest, in a folder of its own. */
export class NestApp {
  #home;
  #directory;
  #extension;
  #server;

  /** Makes it as the version's generator does. Its tsconfig and its test configuration are left as they are. */
  static async create(major) {
    const app = new NestApp();
    app.#home = await mkdtemp(join(tmpdir(), `nest-${major}-`));
    app.#directory = join(app.#home, 'app');
    await run('npx', ['--yes', `@nestjs/cli@${major}`, 'new', 'app', ...NEW_ARGUMENTS], app.#home);
    const { type, dependencies } = JSON.parse(
      await readFile(join(app.#directory, 'package.json'), 'utf8'),
    );
    // The generator takes its templates from any node_modules above its folder.
    if (!dependencies['@nestjs/core'].startsWith(`^${major}.`)) {
      throw new Error(
        `The templates are of another version of Nest; is there a node_modules above ${app.#home}?`,
      );
    }
    app.#extension = type === 'module' ? '.js' : '';
    return app;
  }

  /** Installs the application and the packed package, as a user would. */
  async install(tarball) {
    const quiet = ['--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
    await this.#run('npm', ['install', tarball, ...quiet], 5 * MINUTE);
  }

  /** Adds a module with a cached controller and a service that uses the cache, and tests of both. */
  async addCachedModule() {
    for (const [path, text] of Object.entries(cachedModule(this.#extension))) {
      await mkdir(join(this.#directory, path, '..'), { recursive: true });
      await writeFile(join(this.#directory, path), text);
    }
    const path = join(this.#directory, 'src/app.module.ts');
    const untouched = await readFile(path, 'utf8');
    const text = `import { PricesModule } from './prices/prices.module${this.#extension}';\n${untouched}`;
    await writeFile(path, text.replace('imports: [', 'imports: [PricesModule'));
  }

  /** Runs one of the application's own npm scripts; answers what it printed. */
  script(name) {
    return this.#run('npm', ['run', name], 3 * MINUTE);
  }

  /** Starts the compiled application; answers its address. */
  async start() {
    const port = await freePort();
    this.#server = spawn(process.execPath, ['dist/main.js'], {
      cwd: this.#directory,
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [this.#server.stdout, this.#server.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const address = `http://127.0.0.1:${port}`;
    for (let tries = 0; tries < 150; tries += 1) {
      if (this.#server.exitCode !== null) break;
      const answered = await fetch(address).catch(() => undefined);
      if (answered) return address;
      await delay(100);
    }
    throw new Error(`The application does not answer:\n${output}`);
  }

  async stop() {
    if (!this.#server || this.#server.exitCode !== null) return;
    const closed = new Promise((resolve) => {
      this.#server.once('close', resolve);
    });
    this.#server.kill('SIGKILL');
    await closed;
  }

  async remove() {
    await this.stop();
    await rm(this.#home, { recursive: true, force: true });
  }

  #run(command, args, timeout) {
    return run(command, args, this.#directory, timeout);
  }
}

function cachedModule(extension) {
  const name = MANIFEST.name;
  return {
    'src/prices/prices.service.ts': `import { Injectable } from '@nestjs/common';
import { CacheService, InjectCache } from '${name}';

@Injectable()
export class PricesService {
  loads = 0;

  constructor(
    private readonly cache: CacheService,
    @InjectCache('files') private readonly files: CacheService,
  ) {}

  priceOf(sku: string): Promise<number> {
    return this.cache.getOrSet('price:' + sku, () => this.load(), '5m');
  }

  async keepInFile(value: string): Promise<string | undefined> {
    await this.files.set('kept', value, 60);
    return this.files.get<string>('kept');
  }

  private async load(): Promise<number> {
    this.loads += 1;
    return 42;
  }
}
`,
    'src/prices/prices.controller.ts': `import { Controller, Get, Param, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor, CacheTTL } from '${name}';
import { PricesService } from './prices.service${extension}';

@Controller('prices')
@UseInterceptors(CacheInterceptor)
export class PricesController {
  private calls = 0;

  constructor(private readonly prices: PricesService) {}

  @Get(':sku')
  @CacheTTL(60)
  async price(@Param('sku') sku: string): Promise<{ sku: string; price: number; calls: number }> {
    this.calls += 1;
    return { sku, price: await this.prices.priceOf(sku), calls: this.calls };
  }
}
`,
    'src/prices/prices.module.ts': `import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { CacheModule } from '${name}';
import { file } from '${name}/backends/file';
import { PricesController } from './prices.controller${extension}';
import { PricesService } from './prices.service${extension}';

@Module({
  imports: [
    CacheModule.forRoot({
      caches: {
        default: { backend: 'memory', timeout: '5m' },
        files: { backend: file({ location: join(process.cwd(), '.cache') }) },
      },
    }),
  ],
  controllers: [PricesController],
  providers: [PricesService],
  exports: [PricesService],
})
export class PricesModule {}
`,
    'src/prices/prices.service.spec.ts': `import { Test, TestingModule } from '@nestjs/testing';
import { CacheModule, CacheService, getCacheToken } from '${name}';
import { PricesService } from './prices.service${extension}';

describe('PricesService', () => {
  let module: TestingModule;

  beforeEach(async () => {
    module = await Test.createTestingModule({
      imports: [
        CacheModule.forRoot({
          caches: { default: { backend: 'memory' }, files: { backend: 'memory', location: 'files' } },
        }),
      ],
      providers: [PricesService],
    }).compile();
    await module.init();
  });

  afterEach(async () => {
    await module.close();
  });

  it('loads a price once', async () => {
    const prices = module.get(PricesService);

    const seen = [await prices.priceOf('a'), await prices.priceOf('a')];

    expect(seen).toEqual([42, 42]);
    expect(prices.loads).toBe(1);
  });

  it('keeps a value in the named cache', async () => {
    const kept = await module.get(PricesService).keepInFile('zhiliao');

    expect(kept).toBe('zhiliao');
    const files = module.get<CacheService>(getCacheToken('files'));
    expect(await files.get('kept')).toBe('zhiliao');
    expect(await module.get(CacheService).get('kept')).toBeUndefined();
  });
});
`,
  };
}

/** Runs a program to its end; answers its output, and throws it if the program fails. */
async function run(command, args, cwd, timeout = 2 * MINUTE) {
  // Run by npm, this process has npm's settings for the package itself in its environment.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(package|lifecycle|config_local)/.test(name),
    ),
  );
  delete env.NODE_TEST_CONTEXT;
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(status ?? signal));
  });
  if (code === 0) return output;
  throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.slice(-6_000)}`);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
