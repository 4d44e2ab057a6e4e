// oxlint-disable typescript/no-floating-promises -- node:test waits for its tests by itself
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import ts from 'typescript';
import { loadedBy, packagesIn } from './loaded-files.mjs';
import { installPacked, MANIFEST, packPackage, problemsOf, ROOT } from './packed-package.mjs';
import { ROOT_TYPES, ROOT_VALUES, TESTING_VALUES } from './public-exports.mjs';

const run = promisify(execFile);
const ENTRIES = Object.keys(MANIFEST.exports)
  .filter((path) => path !== './package.json')
  .map((path) => posix.join(MANIFEST.name, path));
const SUBPATHS = ENTRIES.filter((entry) => entry !== MANIFEST.name);

let packed;
let consumer;

before(async () => {
  packed = await packPackage();
  consumer = await installPacked(packed.tarball);
});

after(async () => {
  await consumer?.remove();
  await packed?.remove();
});

describe('the tarball', () => {
  it('holds the two builds, their sources and the papers, and nothing else', () => {
    const allowed = [
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
      /^lib\/.+\.ts$/,
      /^dist\/(esm|cjs)\/.+(\.js|\.d\.ts)(\.map)?$/,
      /^dist\/cjs\/package\.json$/,
    ];

    const others = consumer.files.filter((file) => !allowed.some((form) => form.test(file)));

    assert.deepEqual(others, []);
    for (const paper of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
      assert.ok(consumer.files.includes(paper), `${paper} is missing`);
    }
  });

  it('holds for every source its code, its types and their maps in both builds', () => {
    const sources = consumer.files.filter((file) => file.startsWith('lib/'));
    const expected = sources.flatMap((source) =>
      ['dist/esm', 'dist/cjs'].flatMap((build) =>
        ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((ending) =>
          source.replace(/^lib/, build).replace(/\.ts$/, ending),
        ),
      ),
    );

    const built = consumer.files.filter(
      (file) => file.startsWith('dist/') && file !== 'dist/cjs/package.json',
    );

    assert.notEqual(sources.length, 0);
    assert.deepEqual(built, expected.toSorted());
  });

  it('holds the sources that its maps point at', async () => {
    const maps = consumer.files.filter((file) => file.endsWith('.map'));
    const lost = [];
    for (const map of maps) {
      const { sources } = JSON.parse(await readFile(join(consumer.package, map), 'utf8'));
      const targets = sources.map((source) => posix.join(posix.dirname(map), source));
      lost.push(...targets.filter((target) => !consumer.files.includes(target)));
    }

    assert.deepEqual(lost, []);
  });

  it('names in its types no package that a user does not get', async () => {
    const given = Object.keys({ ...MANIFEST.dependencies, ...MANIFEST.peerDependencies });
    // memjs has no types of its own.
    const typed = new Set(given.filter((name) => name !== 'memjs'));
    const strangers = new Set();
    for (const file of consumer.files.filter((name) => name.endsWith('.d.ts'))) {
      const text = await readFile(join(consumer.package, file), 'utf8');
      for (const { fileName } of ts.preProcessFile(text).importedFiles) {
        if (/^(\.|node:)/.test(fileName)) continue;
        const name = fileName.split('/', fileName.startsWith('@') ? 2 : 1).join('/');
        if (!typed.has(name)) strangers.add(`${name} (${file})`);
      }
    }

    assert.deepEqual([...strangers], []);
  });

  it('passes publint', async () => {
    const { stdout } = await tool('publint/src/cli.js', [packed.tarball, '--strict']);

    assert.match(stdout, /All good!/);
  });

  it('passes "are the types wrong" for node10, node16 and bundlers', async () => {
    const { stdout } = await tool('@arethetypeswrong/cli/dist/index.js', [
      packed.tarball,
      '--format',
      'json',
    ]);

    const { analysis } = JSON.parse(stdout);
    assert.deepEqual(analysis.problems, []);
    assert.deepEqual(
      Object.keys(analysis.entrypoints).toSorted(),
      Object.keys(MANIFEST.exports).toSorted(),
    );
  });
});

describe('the root', () => {
  for (const build of ['import', 'require']) {
    it(`exports exactly the listed names by ${build}`, async () => {
      assert.deepEqual(await namesOf(MANIFEST.name, build), ROOT_VALUES.toSorted());
    });
  }

  it('exports exactly the listed types', () => {
    const file = join(consumer.package, 'dist/esm/index.d.ts');
    const program = ts.createProgram([file], {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
    });
    const checker = program.getTypeChecker();
    const root = checker.getSymbolAtLocation(program.getSourceFile(file));

    const names = checker.getExportsOfModule(root).map((symbol) => symbol.name);

    assert.deepEqual(names.toSorted(), [...ROOT_VALUES, ...ROOT_TYPES].toSorted());
  });

  for (const build of ['import', 'require']) {
    it(`loads by ${build} neither a client library nor a backend that is not used`, async () => {
      const peers = Object.keys(MANIFEST.peerDependencies).filter((name) => name !== 'memjs');
      const alone = packagesIn(await loadedBy(consumer, peers, build));

      const loaded = await loadedBy(consumer, [...peers, MANIFEST.name], build);

      const added = [...packagesIn(loaded)].filter((name) => !alone.has(name));
      assert.deepEqual(new Set(added), new Set(['lru-cache', MANIFEST.name]));
      const folders = loaded.flatMap(
        (url) => /\/dist\/(?:esm|cjs)\/(backends\/\w+)\//.exec(url)?.[1] ?? [],
      );
      assert.deepEqual(new Set(folders), new Set(['backends/dummy', 'backends/memory']));
    });
  }
});

describe('the two builds', () => {
  it('have the same tokens and metadata keys', async () => {
    const script = `
      const { createRequire } = await import('node:module');
      const require = createRequire(import.meta.url);
      const esm = await import('./node_modules/${MANIFEST.name}/dist/esm/cache.constants.js');
      const cjs = require('./node_modules/${MANIFEST.name}/dist/cjs/cache.constants.js');
      const told = (module) => Object.fromEntries(Object.keys(module).toSorted().map((name) => {
        const value = typeof module[name] === 'function' ? module[name]('sessions') : module[name];
        return [name, typeof value === 'symbol' ? 'symbol ' + Symbol.keyFor(value) : value];
      }));
      console.log(JSON.stringify([told(esm), told(cjs)]));`;

    const [esm, cjs] = JSON.parse(await consumer.node(['--input-type=module', '-e', script]));

    assert.notEqual(Object.keys(esm).length, 0);
    assert.deepEqual(cjs, esm);
    for (const [name, value] of Object.entries(esm)) {
      assert.match(
        String(value),
        /^(?!symbol undefined)./,
        `${name} is not the same in both builds`,
      );
    }
  });

  it('read what the other one stored', async () => {
    const script = `
      const { createRequire } = await import('node:module');
      const { createCache } = await import('${MANIFEST.name}');
      const cjs = createRequire(import.meta.url)('${MANIFEST.name}');
      const { file } = await import('${MANIFEST.name}/backends/file');
      const required = createRequire(import.meta.url)('${MANIFEST.name}/backends/file');
      const location = process.argv[1];
      const one = await createCache({ backend: file({ location }) });
      const other = await cjs.createCache({ backend: required.file({ location }) });
      await one.set('from', { build: 'esm', at: new Date(0) });
      console.log(JSON.stringify(await other.get('from')));
      await one.close();
      await other.close();`;
    const location = await mkdtemp(join(tmpdir(), 'two-builds-'));

    const answer = await consumer.node(['--input-type=module', '-e', script, location]);
    await rm(location, { recursive: true, force: true });

    assert.deepEqual(JSON.parse(answer), { build: 'esm', at: '1970-01-01T00:00:00.000Z' });
  });
});

describe('the subpaths', () => {
  for (const entry of SUBPATHS) {
    it(`${entry} gives the same names by import and by require`, async () => {
      const [imported, required] = await Promise.all([
        namesOf(entry, 'import'),
        namesOf(entry, 'require'),
      ]);

      assert.notEqual(imported.length, 0);
      assert.deepEqual(required, imported);
    });
  }

  it('testing gives exactly the listed names', async () => {
    assert.deepEqual(await namesOf(`${MANIFEST.name}/testing`, 'import'), TESTING_VALUES);
  });

  it('are the folders of the backends, the serializers, standalone and testing', async () => {
    const folders = [
      ...(await foldersIn('backends')),
      ...(await foldersIn('serializers')),
      'standalone',
      'testing',
    ];

    assert.deepEqual(
      SUBPATHS.toSorted(),
      folders.map((folder) => `${MANIFEST.name}/${folder}`).toSorted(),
    );
  });

  it('all stand in typesVersions, for compilers that do not read exports', () => {
    const listed = Object.keys(MANIFEST.typesVersions['*']);

    assert.deepEqual(
      listed.map((path) => posix.join(MANIFEST.name, path)).toSorted(),
      SUBPATHS.toSorted(),
    );
  });
});

describe('a strict user of every entry compiles', () => {
  const SETTINGS = {
    'as CommonJS with node10 resolution (Nest 10)': {
      module: 'CommonJS',
      moduleResolution: 'node10',
      ignoreDeprecations: '6.0',
    },
    'as CommonJS with nodenext resolution (Nest 11)': { module: 'NodeNext' },
    'as an ES module with nodenext resolution (Nest 12)': { module: 'NodeNext', esm: true },
    'with a bundler': { module: 'ESNext', moduleResolution: 'Bundler' },
  };
  for (const [title, { esm, ...options }] of Object.entries(SETTINGS)) {
    it(title, async () => {
      const source = join(consumer.home, esm ? 'user.mts' : 'user.ts');
      const lines = ENTRIES.map((entry, n) => `import * as e${n} from '${entry}';\nvoid e${n};`);
      await writeFile(
        source,
        `${lines.join('\n')}
import { CacheModule, CacheService, memory } from '${MANIFEST.name}';
export const imported = CacheModule.forRoot({ backend: memory({ maxEntries: 10 }), timeout: '5m' });
export async function price(cache: CacheService): Promise<number> {
  return cache.getOrSet('price', async () => 42, 60);
}
// @ts-expect-error A price is no text, so the types are really read.
export const wrong: (cache: CacheService) => Promise<string> = price;
`,
      );
      assert.equal(problemsOf(consumer, source, options), '');
    });
  }
});

async function foldersIn(ring) {
  const found = await readdir(join(ROOT, 'lib', ring), { withFileTypes: true });
  return found.filter((entry) => entry.isDirectory()).map(({ name }) => `${ring}/${name}`);
}

function tool(path, args) {
  const program = join(ROOT, 'node_modules', path);
  return run(process.execPath, [program, ...args], { cwd: ROOT, maxBuffer: 2 ** 26 });
}

async function namesOf(entry, build) {
  const script = `
    const module = ${build === 'import' ? `await import('${entry}')` : `require('${entry}')`};
    console.log(JSON.stringify(Object.keys(module).filter((name) => name !== '__esModule' && name !== 'module.exports')));`;
  const type = build === 'import' ? 'module' : 'commonjs';
  return JSON.parse(await consumer.node([`--input-type=${type}`, '-e', script])).toSorted();
}
