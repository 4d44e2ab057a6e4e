import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type {
  BackendReport,
  CacheBackend,
  Payload,
  ServerStats,
} from '../../../lib/core/cache-backend.interface.js';
import {
  CACHE_OPERATION_CHANNEL,
  type CacheOperationEvent,
} from '../../../lib/core/cache-events.js';
import { CacheTypeError } from '../../../lib/core/cache.errors.js';
import { guarded } from '../../../lib/core/guarded.backend.js';

const text: Payload = { flags: 16, data: 'v' };

class BrokenBackend implements CacheBackend {
  readonly name = 'broken';
  readonly deadlineMs = 250;
  error: unknown = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  get = (): Promise<Payload | undefined> => this.#fail();
  set = (): Promise<boolean> => this.#fail();
  add = (): Promise<boolean> => this.#fail();
  touch = (): Promise<boolean> => this.#fail();
  delete = (): Promise<boolean> => this.#fail();
  clear = (): Promise<void> => this.#fail();
  incr = (): Promise<number | undefined> => this.#fail();
  getMany = (): Promise<Map<string, Payload>> => this.#fail();
  setMany = (): Promise<string[]> => this.#fail();
  deleteMany = (): Promise<number> => this.#fail();
  flags = (): Promise<number | undefined> => this.#fail();
  ttl = (): Promise<number | null | undefined> => this.#fail();
  stats = (): Promise<ServerStats[]> => this.#fail();

  #fail<T>(): Promise<T> {
    return this.error === undefined ? Promise.resolve(undefined as T) : Promise.reject(this.error);
  }
}

let reports: BackendReport[];
let broken: BrokenBackend;
let guard: CacheBackend;
let forgiving: CacheBackend;

beforeEach(() => {
  reports = [];
  broken = new BrokenBackend();
  ({ strict: guard, forgiving } = guarded(broken, {
    alias: 'default',
    report: (report) => {
      reports.push(report);
    },
  }));
});

describe('the guard of a strict cache', () => {
  it('turns a refused connection into a typed error that says what failed, where', async () => {
    await expect(guard.get('k')).rejects.toMatchObject({
      name: 'CacheUnavailableError',
      code: 'CACHE_UNAVAILABLE',
      alias: 'default',
      backend: 'broken',
      operation: 'get',
      key: 'k',
      cause: broken.error,
      message: 'The broken backend of cache "default" failed to get "k": connect ECONNREFUSED.',
    });
  });

  it('says in words what failed where the operation has no verb for a name', async () => {
    const failures = [guard.flags!('k'), guard.ttl!('k'), guard.stats!()];
    const messages = failures.map((call) => call.catch((error: Error) => error.message));

    expect(await Promise.all(messages)).toEqual([
      'The broken backend of cache "default" failed to look for "k": connect ECONNREFUSED.',
      'The broken backend of cache "default" failed to tell the time left of "k": connect ECONNREFUSED.',
      'The broken backend of cache "default" failed to tell its statistics: connect ECONNREFUSED.',
    ]);
  });

  it('cuts long keys in messages', async () => {
    await expect(guard.get('k'.repeat(300))).rejects.toMatchObject({ key: `${'k'.repeat(79)}…` });
  });

  it('tells of a failure once, and once when it is over', async () => {
    await expect(guard.get('a')).rejects.toThrow();
    await expect(guard.get('b')).rejects.toThrow();
    broken.error = undefined;
    await guard.get('c');
    await guard.get('d');

    expect(reports.map((report) => report.kind === 'server' && report.state)).toEqual([
      'down',
      'up',
    ]);
  });

  it('is back when what failed works again, and not when something else does', async () => {
    broken.get = () => Promise.resolve(text);
    await expect(guard.set('k', text, 1)).rejects.toThrow();

    await guard.get('k');
    await expect(guard.set('k', text, 1)).rejects.toThrow();
    broken.delete = () => Promise.resolve(false);
    await guard.delete('nothing');
    const before = reports.map((report) => report.kind === 'server' && report.state);
    broken.set = () => Promise.resolve(true);
    await guard.set('k', text, 1);

    expect(before).toEqual(['down']);
    expect(reports).toMatchObject([{ state: 'down' }, { state: 'up' }]);
  });

  it("lets through what is the caller's fault, and does not call it a failure", async () => {
    broken.error = new CacheTypeError('CACHE_NOT_AN_INTEGER', 'no integer');
    await expect(guard.incr!('k', 1)).rejects.toBe(broken.error);
    broken.error = new RangeError('too far');
    await expect(guard.incr!('k', 1)).rejects.toBe(broken.error);

    expect(reports).toEqual([]);
  });

  it('has the native methods of the inner backend and no others', () => {
    expect(guard).toMatchObject({
      incr: expect.any(Function),
      stats: expect.any(Function),
      flushServer: undefined,
    });
  });

  it('publishes one event for each failure', async () => {
    const events: CacheOperationEvent[] = [];
    const listen = (event: unknown): void => {
      events.push(event as CacheOperationEvent);
    };
    subscribe(CACHE_OPERATION_CHANNEL, listen);

    await expect(guard.get('k')).rejects.toThrow();
    unsubscribe(CACHE_OPERATION_CHANNEL, listen);

    expect(events).toEqual([
      expect.objectContaining({ alias: 'default', operation: 'get', result: 'error' }),
    ]);
  });

  describe('when the backend hangs', () => {
    beforeEach(() => {
      jest.useFakeTimers();
    });
    afterEach(() => {
      jest.useRealTimers();
    });

    it('gives up at the deadline', async () => {
      broken.get = () => new Promise(() => {});

      const result = expect(guard.get('k')).rejects.toMatchObject({
        name: 'CacheTimeoutError',
        message:
          'The broken backend of cache "default" failed to get "k": no answer within 250 ms.',
      });
      await jest.advanceTimersByTimeAsync(251);

      await result;
    });

    it('waits 30 seconds for clear()', async () => {
      broken.clear = () => new Promise(() => {});
      let settled = false;

      const result = guard.clear().catch((error: unknown) => {
        settled = true;
        return error;
      });
      await jest.advanceTimersByTimeAsync(29_999);
      expect(settled).toBe(false);
      await jest.advanceTimersByTimeAsync(2);

      expect(await result).toMatchObject({ code: 'CACHE_TIMEOUT' });
    });

    it('leaves no timer behind a call that was answered', async () => {
      broken.get = () => Promise.resolve(text);

      await guard.get('k');

      expect(jest.getTimerCount()).toBe(0);
    });
  });
});

describe('the guard of a forgiving cache', () => {
  it('answers misses and false where nothing is decided', async () => {
    await expect(forgiving.get('k')).resolves.toBeUndefined();
    await expect(forgiving.getMany!(['k'])).resolves.toEqual(new Map());
    await expect(forgiving.flags!('k')).resolves.toBeUndefined();
    await expect(forgiving.ttl!('k')).resolves.toBeUndefined();
    await expect(forgiving.set('k', text, 1)).resolves.toBe(false);
    await expect(forgiving.touch('k', 1)).resolves.toBe(false);
    await expect(forgiving.delete('k')).resolves.toBe(false);
    await expect(forgiving.setMany!(new Map([['k', text]]), 1)).resolves.toEqual(['k']);
    await expect(forgiving.deleteMany!(['k'])).resolves.toBe(0);
  });

  it('throws where an answer would decide something', async () => {
    await expect(forgiving.add('k', text, 1)).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
    await expect(forgiving.incr!('k', 1)).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
    await expect(forgiving.clear()).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
  });
});
