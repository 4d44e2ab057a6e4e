import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BackendReport } from '../../../lib/core/cache-backend.interface.js';
import { ElasticacheDiscovery } from '../../../lib/backends/memcached/elasticache.discovery.js';
import {
  readElasticacheReply,
  type ElasticacheCluster,
} from '../../../lib/backends/memcached/elasticache.reply.js';
import { badReply, closed } from '../../../lib/backends/memcached/memcached.errors.js';
import {
  parseLocation,
  type ServerAddress,
} from '../../../lib/backends/memcached/server-address.js';
import { codeOf } from '../../support/memcached-backends.js';
import { unreachable } from '../../support/memcached-fake-client.js';

const LIST = '12\nsessions.0001.example|10.0.0.1|11211 sessions.0002.example|10.0.0.2|11212\n';

/** What an endpoint answers: the list, and how long it says it is. */
function told(list: string, bytes = list.length): string {
  return `CONFIG cluster 0 ${bytes}\r\n${list}\r\nEND\r\n`;
}

/** The names of the servers in a reply. */
function namesIn(text: string): string[] {
  const reply = readElasticacheReply(text) as ElasticacheCluster;
  return reply.servers.map(({ name }) => name);
}

const tells = (version: number, location: string) => async (): Promise<ElasticacheCluster> => ({
  kind: 'cluster',
  version,
  servers: parseLocation(location, 'a test'),
});

const fails = async (): Promise<never> => {
  throw unreachable('cfg.example:11211');
};

const namesOf = (servers: readonly ServerAddress[]): string =>
  servers.map(({ name }) => name).join(',');

describe('readElasticacheReply()', () => {
  it('reads the version and the servers in their order', () => {
    expect(readElasticacheReply(told(LIST))).toEqual({
      kind: 'cluster',
      version: 12,
      servers: parseLocation('sessions.0001.example:11211,sessions.0002.example:11212', 'a test'),
    });
  });

  it('reads what engines before 1.4.14 answer', () => {
    const text = told(LIST).replace('CONFIG cluster', 'VALUE AmazonElastiCache:cluster');

    expect(namesIn(text)).toEqual(['sessions.0001.example:11211', 'sessions.0002.example:11212']);
  });

  it.each([
    ['a host name', 'a.example|10.0.0.1|11211', 'a.example:11211'],
    ['a host name without an address', 'a.example||11211', 'a.example:11211'],
    ['an address without a host name', '|10.0.0.1|11211', '10.0.0.1:11211'],
    ['an IPv6 address', '|2001:db8::1|11211', '[2001:db8::1]:11211'],
    ['an IPv6 address in brackets', '|[2001:db8::1]|11211', '[2001:db8::1]:11211'],
    ['an IPv6 address as name', '2001:db8::1|2001:db8::1|11211', '[2001:db8::1]:11211'],
  ])('knows a server by %s', (_, node, name) => {
    expect(namesIn(told(`1\n${node}\n`))).toEqual([name]);
  });

  it('does not depend on how bytes and line ends are counted', () => {
    expect(namesIn(told('1\r\na||1 b||2 \r\n\r\n', 7))).toEqual(['a:1', 'b:2']);
    expect(namesIn('CONFIG cluster 0 7\r\n1\na||1\r\nEND\r\n')).toEqual(['a:1']);
  });

  it('waits for the rest at every cut', () => {
    const text = told(LIST);
    const read = Array.from(text, (_, cut) => readElasticacheReply(text.slice(0, cut)));

    expect(read.every((reply) => reply === undefined)).toBe(true);
  });

  it('tells an endpoint without servers and an error from a list', () => {
    expect(readElasticacheReply('END\r\n')).toEqual({ kind: 'none' });
    expect(readElasticacheReply('ERROR\r\n')).toEqual({ kind: 'error', line: 'ERROR' });
    expect(readElasticacheReply('SERVER_ERROR busy\r\n')).toEqual({
      kind: 'error',
      line: 'SERVER_ERROR busy',
    });
  });

  it.each([
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n'],
    ['a line that does not end', 'C'.repeat(300)],
    ['another item', told(LIST).replace('cluster', 'other')],
    ['a version that is no number', told('x\na||1\n')],
    ['no version', told('a||1\n')],
    ['no servers', told('1\n\n')],
    ['a third line', told('1\na||1\nb||1\n')],
    ['a server without a port', told('1\na|10.0.0.1|\n')],
    ['a port out of bounds', told('1\na||65536\n')],
    ['a server without a host', told('1\n||11211\n')],
    ['a server with too many parts', told('1\na|b|c|1\n')],
    ['a server told twice', told('1\na||1 a||1\n')],
    ['a login', told('1\nuser:password@a||1\n')],
    ['a path', told('1\nunix:/run/x||1\n')],
    ['commas', told('1\na,b||1\n')],
    ['a host outside of ASCII', told('1\n\u00e4||1\n')],
    ['something behind the end', `${told(LIST)}END\r\n`],
    ['something behind an error', 'ERROR\r\nERROR\r\n'],
  ])('refuses %s', (_, text) => {
    expect(() => readElasticacheReply(text)).toThrow(
      expect.objectContaining({ what: expect.any(String) }),
    );
  });
});

describe('ElasticacheDiscovery', () => {
  const MINUTE = 60_000;
  let answer: () => Promise<ElasticacheCluster>;
  let asked: number;
  let lists: string[];
  let reports: BackendReport[];
  let discovery: ElasticacheDiscovery;

  beforeEach(() => {
    jest.useFakeTimers();
    // The middle of what the pauses vary by.
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    asked = 0;
    lists = [];
    reports = [];
    discovery = discover('user:secret@cfg.example');
    answer = tells(1, 'a:1,b:1');
  });
  afterEach(() => {
    discovery.close();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  function discover(location: string): ElasticacheDiscovery {
    return new ElasticacheDiscovery(
      parseLocation(location, 'a test')[0]!,
      { connectTimeoutMs: 500, deadlineMs: 250 },
      {
        onServers: (servers) => void lists.push(namesOf(servers)),
        report: (report) => void reports.push(report),
      },
      (_endpoint, _options, signal) => {
        asked += 1;
        return new Promise((resolve, reject) => {
          const onAbort = (): void => reject(closed());
          signal.addEventListener('abort', onAbort);
          answer()
            .then(resolve, reject)
            .finally(() => signal.removeEventListener('abort', onAbort));
        });
      },
    );
  }

  const states = (): unknown[] =>
    reports.map((report) => (report.kind === 'server' ? report.state : report.kind));

  it('asks nobody before the servers are wanted', async () => {
    await jest.advanceTimersByTimeAsync(MINUTE);

    expect(asked).toBe(0);
  });

  it('asks once for all who want the servers', async () => {
    const [one, other] = await Promise.all([discovery.servers(), discovery.servers()]);

    expect(namesOf(one)).toBe('a:1,b:1');
    expect(other).toBe(one);
    expect(await discovery.servers()).toBe(one);
    expect(asked).toBe(1);
    expect(lists).toEqual(['a:1,b:1']);
  });

  it("uses the endpoint's login for the servers", async () => {
    const servers = await discovery.servers();

    expect(servers.map(({ credentials }) => credentials)).toEqual([
      { username: 'user', password: 'secret' },
      { username: 'user', password: 'secret' },
    ]);
  });

  it('refuses a login that cannot be transported', () => {
    expect(() => discover('user:two words@cfg.example')).toThrow(
      expect.objectContaining({ code: 'CACHE_BAD_LOCATION' }),
    );
  });

  it('asks again each minute and tells only of another list', async () => {
    await discovery.servers();
    await jest.advanceTimersByTimeAsync(MINUTE);
    answer = tells(2, 'a:1,b:1');
    await jest.advanceTimersByTimeAsync(MINUTE);
    answer = tells(3, 'a:1,b:1,c:1');
    await jest.advanceTimersByTimeAsync(MINUTE);

    expect(asked).toBe(4);
    expect(lists).toEqual(['a:1,b:1', 'a:1,b:1,c:1']);
    expect(namesOf(await discovery.servers())).toBe('a:1,b:1,c:1');
  });

  it('passes over a server that has not heard of the last change', async () => {
    answer = tells(8, 'a:1,b:1');
    await discovery.servers();
    answer = tells(7, 'a:1');
    await jest.advanceTimersByTimeAsync(2 * MINUTE);
    answer = tells(8, 'a:1,b:1');
    await jest.advanceTimersByTimeAsync(MINUTE);
    answer = tells(7, 'a:1');
    await jest.advanceTimersByTimeAsync(2 * MINUTE);

    expect(lists).toEqual(['a:1,b:1']);
  });

  it('believes an older version that is told three times in a row', async () => {
    answer = tells(8, 'a:1,b:1');
    await discovery.servers();
    answer = tells(1, 'c:1');
    await jest.advanceTimersByTimeAsync(3 * MINUTE);

    expect(lists).toEqual(['a:1,b:1', 'c:1']);
  });

  it('keeps the servers and reports an outage once while the endpoint is away', async () => {
    await discovery.servers();
    answer = fails;
    await jest.advanceTimersByTimeAsync(10 * MINUTE);

    expect(namesOf(await discovery.servers())).toBe('a:1,b:1');
    expect(lists).toEqual(['a:1,b:1']);
    expect(states()).toEqual(['warning']);
    expect(reports[0]).toMatchObject({
      message:
        'The servers that the configuration endpoint cfg.example:11211 told last are used, because it tells them no more.',
      error: { code: 'CACHE_UNAVAILABLE' },
    });
  });

  it('reports each outage', async () => {
    await discovery.servers();
    for (let outage = 0; outage < 2; outage += 1) {
      answer = fails;
      await jest.advanceTimersByTimeAsync(3 * MINUTE);
      answer = tells(1, 'a:1,b:1');
      await jest.advanceTimersByTimeAsync(2 * MINUTE);
    }

    expect(states()).toEqual(['warning', 'warning']);
  });

  it('says nothing of an endpoint that answers at the second try', async () => {
    await discovery.servers();
    let tries = 0;
    answer = () => {
      tries += 1;
      return tries === 1 ? fails() : tells(2, 'c:1')();
    };
    await jest.advanceTimersByTimeAsync(MINUTE + 1_000);

    expect(tries).toBe(2);
    expect(lists).toEqual(['a:1,b:1', 'c:1']);
    expect(reports).toEqual([]);
  });

  it('rejects with what the first question failed with, and then at once', async () => {
    answer = async () => {
      throw badReply('cfg.example:11211', 'nonsense');
    };

    expect(await codeOf(discovery.servers())).toBe('CACHE_PROTOCOL');
    await expect(discovery.servers()).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: expect.stringContaining('cfg.example:11211 is down'),
    });
    expect(asked).toBe(1);
    expect(states()).toEqual(['down']);
  });

  it('asks again in the background until the first answer', async () => {
    answer = fails;
    await codeOf(discovery.servers());
    await jest.advanceTimersByTimeAsync(20_000);
    const askedInVain = asked;
    answer = tells(1, 'a:1,b:1');
    await jest.advanceTimersByTimeAsync(5_000);

    // At once, and after 0.25, 0.5, 1, 2, 4, 5, 5 seconds, less a tenth.
    expect(askedInVain).toBe(8);
    expect(asked).toBe(9);
    expect(namesOf(await discovery.servers())).toBe('a:1,b:1');
    expect(states()).toEqual(['down', 'up']);
  });

  it('asks an endpoint that was away when it is wanted, at most once a second', async () => {
    answer = fails;
    await codeOf(discovery.servers());
    await jest.advanceTimersByTimeAsync(7_000);
    const before = asked;
    for (let call = 0; call < 10; call += 1) await codeOf(discovery.servers());
    await jest.advanceTimersByTimeAsync(1_000);
    const again = codeOf(discovery.servers());

    expect(await again).toBe('CACHE_UNAVAILABLE');
    expect(asked - before).toBe(1);
  });

  it('gives up a question that is under way when it is closed', async () => {
    answer = () => new Promise(() => undefined);
    const call = codeOf(discovery.servers());
    discovery.close();

    expect(await call).toBe('CACHE_CLOSED');
    expect(await codeOf(discovery.servers())).toBe('CACHE_CLOSED');
    expect(reports).toEqual([]);
  });

  it('asks nobody after it was closed', async () => {
    await discovery.servers();
    discovery.close();
    discovery.close();
    await jest.advanceTimersByTimeAsync(10 * MINUTE);

    expect(asked).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
