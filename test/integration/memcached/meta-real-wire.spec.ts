import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { MetaCommands } from '../../../lib/backends/memcached/meta.commands.js';
import { MetaLink } from '../../../lib/backends/memcached/meta.link.js';
import { parseLocation } from '../../../lib/backends/memcached/server-address.js';
import {
  describeWithMemcached,
  memcachedServers,
  rawCommand,
  startMemcached,
  type MemcachedServer,
} from '../../support/memcached.js';
import { startWiretap } from '../../support/memcached-wiretap.js';
import type { Wiretap } from '../../support/memcached-wiretap.js';
import { grammarFault } from '../../support/meta-grammar.js';
import { WIRE } from '../../support/meta-wire-table.js';

const servers = memcachedServers();
const taps: Wiretap[] = [];
const links: MetaLink[] = [];

afterEach(async () => {
  for (const link of links.splice(0)) link.close();
  await Promise.all(taps.splice(0).map((tap) => tap.stop()));
  await servers.stop();
});

/** The commands to a server, with somebody who listens. */
async function tapped(port: number, login = '') {
  const tap = await startWiretap(port);
  taps.push(tap);
  const [address] = parseLocation(`${login}${tap.address}`, 'the test');
  const link = new MetaLink(address!, { connectTimeoutMs: 5_000, deadlineMs: 5_000 });
  links.push(link);
  return { tap, commands: new MetaCommands(link) };
}

describeWithMemcached('each command of the meta client and the reply of memcached', () => {
  let server: MemcachedServer;
  let port: number;

  beforeAll(async () => {
    server = await startMemcached();
    ({ port } = server);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await rawCommand(port, 'md k');
  });

  it.each(WIRE)('$is', async ({ before, ask, sent, received, ...rest }) => {
    if (before !== undefined) await rawCommand(port, before);
    const cas = await casOn(port);
    const { tap, commands } = await tapped(port);

    const answer = await ask(commands, cas);

    const afterwards = await casOn(port);
    const lines = withoutHandshake(tap);
    expect(lines.sent).toBe(sent.replace('<cas>', String(cas)));
    expect(lines.received).toBe(
      received.replace('<cas>', String(cas)).replace('<new>', String(afterwards)),
    );
    if ('answer' in rest) expect(answer).toEqual(rest.answer);
    expect(faultsIn(sent.replace('<cas>', '1'))).toEqual([]);
  });

  it.each([undefined, 'settings'] as const)('stats %s', async (group) => {
    const { tap, commands } = await tapped(port);

    const stats = await commands.stats(group);

    const lines = withoutHandshake(tap);
    expect(lines.sent).toBe(group === undefined ? 'stats\r\n' : 'stats settings\r\n');
    expect(lines.received).toMatch(/^(STAT \S+ .*\r\n)+END\r\n$/);
    expect(lines.received).toBe(
      `${Object.entries(stats)
        .map(([name, value]) => `STAT ${name} ${value}\r\n`)
        .join('')}END\r\n`,
    );
  });

  it('version, before anything else', async () => {
    const { tap, commands } = await tapped(port);

    await commands.ping();

    expect(tap.sent()).toBe('version\r\nmn\r\n');
    expect(tap.received()).toMatch(/^VERSION 1\.\d+\.\d+\S*\r\nMN\r\n$/);
  });

  it('the login, before the question for the version', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'meta-'));
    await chmod(directory, 0o755);
    const users = join(directory, 'users');
    await writeFile(users, 'alice:s3cret\n', { mode: 0o644 });
    const { port: guarded } = await servers.start(['-Y', users]);
    const known = await tapped(guarded, 'alice:s3cret@');
    const unknown = await tapped(guarded, 'alice:secret@');
    const nobody = await tapped(guarded);

    await known.commands.ping();
    await expect(unknown.commands.ping()).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
    await expect(nobody.commands.ping()).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });

    expect(known.tap.sent()).toBe('set login 0 -1 12\r\nalice s3cret\r\nversion\r\nmn\r\n');
    expect(known.tap.received()).toMatch(/^STORED\r\nVERSION \S+\r\nMN\r\n$/);
    expect(unknown.tap.sent()).toBe('set login 0 -1 12\r\nalice secret\r\nversion\r\n');
    // The server forgets the reply to the login over the one to what follows.
    expect(unknown.tap.received()).toBe('CLIENT_ERROR unauthenticated\r\n');
    expect(nobody.tap.sent()).toBe('version\r\n');
    expect(nobody.tap.received()).toBe('CLIENT_ERROR unauthenticated\r\n');
    await rm(directory, { recursive: true });
  });
});

/** The CAS number of the item under the key `k`; 0 if there is none. */
async function casOn(port: number): Promise<bigint> {
  return BigInt(/cas=(\d+)/.exec(await rawCommand(port, 'me k'))?.[1] ?? 0);
}

function withoutHandshake(tap: Wiretap): { readonly sent: string; readonly received: string } {
  const received = tap.received();
  expect(tap.sent()).toMatch(/^version\r\n/);
  expect(received).toMatch(/^VERSION /);
  return {
    sent: tap.sent().slice('version\r\n'.length),
    received: received.slice(received.indexOf('\r\n') + 2),
  };
}

/** What is wrong by the protocol text with the lines that are not values. */
function faultsIn(sent: string): string[] {
  const lines = sent.split('\r\n').slice(0, -1);
  return lines
    .filter((_, index) => !(lines[index - 1] ?? '').startsWith('ms '))
    .map(grammarFault)
    .filter((fault) => fault !== undefined);
}
