export const name = 'import';
export const title =
  'import: the time of a first import, and the bytes of the package with all it depends on (less is better)';
export const pace = { ms: 1, rounds: 11, warmUps: 2 };

const NEST = ['reflect-metadata', '@nestjs/common', '@nestjs/core'];
const DIST = new URL('../../dist/esm/', import.meta.url);

const ALONE = [
  packages('ours', [new URL('standalone/index.js', DIST).href], [''], { ours: true }),
  packages('bentocache', ['bentocache', 'bentocache/drivers/memory'], ['bentocache']),
  packages('cache-manager + keyv', ['cache-manager', 'keyv'], ['cache-manager', 'keyv']),
];
const IN_NEST = [
  packages('ours', [new URL('index.js', DIST).href], [''], { ours: true, before: NEST }),
  packages('@nestjs/cache-manager', ['@nestjs/cache-manager'], [], { before: NEST }),
];

export function scenes() {
  return [
    scene('without Nest', ALONE, [importRow('without Nest, with the memory backend'), sizeRow()]),
    scene('in Nest', IN_NEST, [importRow('where Nest is loaded already')]),
  ];
}

function packages(own, imports, installed, { ours = false, before } = {}) {
  return {
    name: own,
    contestant: 'package',
    ours,
    options: { imports, packages: installed, ...(before && { before }) },
  };
}

function scene(own, contestants, rows) {
  return { name: own, kind: 'string', size: 0, fill: 'none', clock: 'cpu', contestants, rows };
}

function importRow(where) {
  return {
    op: 'importTime',
    title: `import, ${where}`,
    unit: 'ms',
    lessIsBetter: true,
    sample: ({ ms }) => ms,
  };
}

function sizeRow() {
  return {
    op: 'installedBytes',
    title: 'installed, with dependencies',
    unit: 'KiB',
    once: true,
    lessIsBetter: true,
    sample: ({ bytes }) => bytes / 1024,
  };
}

export const goals = [
  { of: () => true, ours: 'ours', peers: ['bentocache', 'cache-manager + keyv'], atMost: 1 },
];
