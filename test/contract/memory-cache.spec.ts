import { describe } from '@jest/globals';
import { cacheContract } from 'nestjs-cache-framework/testing';
import { contractOf, inNamespace, runInTurn } from '../support/suite-contract.js';
import { memoryPlaces } from '../support/suite-memory.js';
import type { PlaceSettings } from '../support/suite-place.js';

const VARIANTS: Record<string, (settings: PlaceSettings) => PlaceSettings> = {
  'a cache in memory': () => ({}),
  'a cache in memory with a prefix': ({ keyPrefix = '' }) => ({ keyPrefix: `shop${keyPrefix}` }),
  'a cache in memory with another key function': ({ keyFunction }) => ({
    keyFunction: keyFunction ?? ((key, keyPrefix, version) => `${version}/${keyPrefix}/${key}`),
  }),
  "a cache in memory under isolation: 'freeze'": () => ({ isolation: 'freeze' }),
  "a cache in memory under onError: 'throw'": () => ({ onError: 'throw' }),
};

describe.each(Object.entries(VARIANTS))('%s', (_, settings) => {
  runInTurn(cacheContract(contractOf(memoryPlaces, settings)), []);
});

describe('a namespace of a cache in memory', () => {
  runInTurn(cacheContract(inNamespace(contractOf(memoryPlaces), 'part')), []);
});

describe('a namespace in another', () => {
  runInTurn(cacheContract(inNamespace(contractOf(memoryPlaces), 'part', 'of part')), []);
});
