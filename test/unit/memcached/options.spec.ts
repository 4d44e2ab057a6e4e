import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import {
  MemcachedBackend,
  memcached,
  type MemcachedOptions,
} from '../../../lib/backends/memcached/index.js';
import { resolveMemcachedOptions } from '../../../lib/backends/memcached/memcached.options.js';
import { systemClock } from '../../../lib/core/clock.js';

const context = {
  alias: 'default',
  scope: '',
  clock: systemClock,
  report: () => undefined,
  shared: new Map<string, unknown>(),
};

describe('memcached()', () => {
  it('has defaults for everything', () => {
    expect(resolveMemcachedOptions()).toEqual({
      servers: [
        { name: '127.0.0.1:11211', node: '127.0.0.1:11211', host: '127.0.0.1', port: 11211 },
      ],
      client: 'meta',
      tls: undefined,
      placement: 'rendezvous',
      clear: 'generation',
      deadlineMs: 250,
      connectTimeoutMs: 500,
      discovery: undefined,
      failover: 'miss',
      foreignClients: false,
      maxItemBytes: undefined,
    });
  });

  it.each([
    [
      { locations: ['a'] },
      'Unknown option "locations" in the options of the memcached backend. Did you mean "location"?',
    ],
    [
      { client: 'binary' },
      '"client" in the options of the memcached backend is "binary", but must be "meta" or "memjs".',
    ],
    [{ tls: true }, '"tls" in the options of the memcached backend is true, but must be an object'],
    [{ client: 'memjs', tls: {} }, 'must be "meta" where "tls" is given'],
    [{ placement: 'crc' }, 'must be "rendezvous" or "modula" or "ketama" or "python-memcached"'],
    [{ clear: 'all' }, 'must be "generation" or "flush" or "none"'],
    [
      { deadlineMs: 0 },
      '"deadlineMs" in the options of the memcached backend is 0, but must be a whole number of at least 1',
    ],
    [
      { connectTimeoutMs: 1.5 },
      '"connectTimeoutMs" in the options of the memcached backend is 1.5',
    ],
    [{ maxItemBytes: 10 }, '"maxItemBytes" in the options of the memcached backend is 10'],
    [{ location: '' }, '"location" in the options of the memcached backend cannot be read'],
    [null, '"options" in memcached() is null, but must be an object.'],
    [{ failover: 'retry' }, '"failover" in the options of the memcached backend is "retry"'],
    [{ foreignClients: 'yes' }, 'but must be true or false'],
    [{ discovery: 'dns' }, '"discovery" in the options of the memcached backend is "dns"'],
    [
      { discovery: 'elasticache', location: 'a,b' },
      'must be one endpoint where "discovery" is given',
    ],
    [{ django: 'pymemcache' }, 'must be an object such as { client: "pymemcache" }'],
    [{ django: {} }, '"client" in "django" in the options of the memcached backend is undefined'],
    [{ django: { client: 'bmemcached' } }, 'must be "pymemcache" or "pylibmc"'],
    [{ django: { cluster: 1 } }, 'Unknown option "cluster" in "django"'],
  ])('refuses %j when it is called', (options, message) => {
    expect(() => memcached(options as MemcachedOptions)).toThrow(
      expect.objectContaining({
        name: 'CacheConfigError',
        message: expect.stringContaining(message),
      }),
    );
  });

  it.each([
    ['pymemcache', 'rendezvous'],
    ['pylibmc', 'modula'],
    ['python-memcached', 'python-memcached'],
  ] as const)('does as Django with %s', (client, placement) => {
    expect(resolveMemcachedOptions({ django: { client } })).toMatchObject({
      placement,
      clear: 'none',
      foreignClients: true,
    });
    expect(
      resolveMemcachedOptions({
        django: { client },
        placement: 'ketama',
        clear: 'flush',
        foreignClients: false,
      }),
    ).toMatchObject({ placement: 'ketama', clear: 'flush', foreignClients: false });
  });

  it('makes a backend that names its servers and connects to none', async () => {
    const backend = await memcached({ location: ['10.0.0.1:11211', 'user:s3cret@10.0.0.2'] })(
      context,
    );

    expect(backend).toBeInstanceOf(MemcachedBackend);
    expect(backend).toMatchObject({
      name: 'memcached',
      description: 'memcached 10.0.0.1:11211, 10.0.0.2:11211',
      keyLimits: { maxBytes: 250, printableOnly: true },
      reportsServers: true,
    });
    expect(inspect(backend, { depth: 10, showHidden: true })).not.toContain('s3cret');
  });

  it('has ttl() and flags() only where the client can tell', async () => {
    const meta = await memcached()(context);
    const memjs = await memcached({ client: 'memjs' })(context);

    expect([typeof meta.ttl, typeof meta.flags]).toEqual(['function', 'function']);
    expect([typeof memjs.ttl, typeof memjs.flags]).toEqual(['undefined', 'undefined']);
  });
});
