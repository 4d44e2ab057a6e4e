import { describe } from '@jest/globals';
import { cacheContract } from 'nestjs-cache-framework/testing';
import type { CacheContractOptions } from 'nestjs-cache-framework/testing';
import { type CachePlace, memoryPlace, type PlaceSettings } from '../support/suite-caches.js';
import { runInTurn } from '../support/suite-contract.js';

describe('a cache in memory', () => {
  runInTurn(inMemory());
});

describe('a cache in memory with a prefix', () => {
  runInTurn(inMemory((settings) => ({ keyPrefix: `shop${settings.keyPrefix ?? ''}` })));
});

describe('a cache in memory with another key function', () => {
  runInTurn(
    inMemory((settings) => ({
      keyFunction:
        settings.keyFunction ?? ((key, keyPrefix, version) => `${version}/${keyPrefix}/${key}`),
    })),
  );
});

describe("a cache in memory under isolation: 'freeze'", () => {
  runInTurn(inMemory(() => ({ isolation: 'freeze' })));
});

describe("a cache in memory under onError: 'throw'", () => {
  runInTurn(inMemory(() => ({ onError: 'throw' })));
});

function inMemory(
  more: (settings: PlaceSettings) => PlaceSettings = () => ({}),
): ReturnType<typeof cacheContract> {
  const places = new Map<string, CachePlace>();
  let current: CachePlace = memoryPlace();
  const create: CacheContractOptions['create'] = (settings, name) => {
    current = places.get(name) ?? memoryPlace();
    places.set(name, current);
    return current.open({ ...settings, ...more(settings) });
  };
  return cacheContract({
    create,
    clock: { now: () => current.clock.now() },
    advance: (seconds) => current.advance(seconds),
    supports: { ping: false },
  });
}
