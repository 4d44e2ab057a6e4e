import { describe } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { backendContract, cacheContract } from 'nestjs-cache-framework/testing';
import { memcached } from '../../lib/backends/memcached/index.js';
import { systemClock } from '../../lib/core/clock.js';
import { guarded } from '../../lib/core/guarded.backend.js';
import { leaseCases } from '../../lib/testing/backend-lease.cases.js';
import { describeWithMemcached } from '../support/memcached.js';
import { backendPlace } from '../support/suite-backends.js';
import {
  contractOf,
  inNamespace,
  REAL_TIME,
  runTogether,
  without,
} from '../support/suite-contract.js';
import { PATIENT } from '../support/memcached-backends.js';
import { CLIENTS, memcachedPlaces, serverForAll } from '../support/suite-memcached.js';

const own =
  'the server itself reads these as numbers, and a look beforehand would cost a round trip';
const skip = {
  'incr() refuses a plus sign and changes nothing': own,
  'incr() refuses a number behind a blank and changes nothing': own,
  'incr() refuses a number and a line end and changes nothing': own,
};
const IN_PROCESS = { getSync: false, setSync: false };
const place = backendPlace(systemClock);
const common = {
  advance: (seconds: number) => sleep(seconds * 1000),
  realTime: true,
  refusedBytes: 1024 * 1024,
  skip,
};

const LEASES = new Set(leaseCases.map(({ title }) => title));

describe.each(CLIENTS)('over %s', (client) => {
  // What memcached's binary protocol lacks.
  const lacking = client === 'memjs' ? { ttl: false, negativeCounters: false } : {};
  const lackingInBackends =
    client === 'memjs' ? { ...lacking, flags: false, staleLeases: false } : {};
  const supports = { ...IN_PROCESS, ...lackingInBackends };
  // Without ttl() the cases that need an exact moment have another reason not to run.
  const leftOut = client === 'memjs' ? without(...Object.keys(lacking)) : [REAL_TIME];
  const leftOutOfBackends = [...without(...Object.keys(supports)), REAL_TIME, own];
  const options = { client, ...PATIENT };

  describeWithMemcached('memcached', () => {
    const server = serverForAll();

    describe('the backend', () => {
      runTogether(
        backendContract({
          ...common,
          create: (scope) =>
            place.open(memcached({ location: server().address, ...options }), scope),
          supports,
        }),
        leftOutOfBackends,
      );
    });

    describe('the backend behind the guard', () => {
      runTogether(
        backendContract({
          ...common,
          create: async (scope) =>
            guarded(
              await place.open(memcached({ location: server().address, ...options }), scope),
              place.context(scope),
            ).strict,
          supports,
        }),
        leftOutOfBackends,
      );
    });

    describe('a cache', () => {
      runTogether(
        cacheContract({ ...contractOf(memcachedPlaces(server, client)), supports: lacking }),
        leftOut,
      );
    });

    describe('a namespace of a cache', () => {
      const part = inNamespace(contractOf(memcachedPlaces(server, client)), 'part');
      runTogether(cacheContract({ ...part, supports: lacking }), leftOut);
    });

    describe('a cache with another key function', () => {
      const places = memcachedPlaces(server, client);
      runTogether(
        cacheContract({
          ...contractOf(places, ({ keyFunction }) => ({
            keyFunction: keyFunction ?? ((key, prefix, version) => `${version}/${prefix}/${key}`),
          })),
          supports: lacking,
        }),
        leftOut,
      );
    });
  });

  describeWithMemcached('leases beside the entries, where foreign clients read these', () => {
    const server = serverForAll();
    const cases = backendContract({
      ...common,
      create: (scope) =>
        place.open(
          memcached({ location: server().address, foreignClients: true, ...options }),
          scope,
        ),
      supports,
    });

    runTogether(
      cases.filter(({ title }) => LEASES.has(title)),
      client === 'memjs' ? [...without('staleLeases'), REAL_TIME] : [REAL_TIME],
    );
  });

  describeWithMemcached('three memcached servers', () => {
    const servers = [serverForAll(), serverForAll(), serverForAll()];

    runTogether(
      backendContract({
        ...common,
        create: (scope) =>
          place.open(
            memcached({ location: servers.map((server) => server().address), ...options }),
            scope,
          ),
        supports,
      }),
      leftOutOfBackends,
    );
  });
});
