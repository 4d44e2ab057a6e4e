import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PageFlights, type Landing, type Waited } from '../../../lib/http/page-flights.js';

const KEY = 'page:1';
const TWO_MINUTES = 120_000;

let flights: PageFlights;

beforeEach(() => {
  jest.useFakeTimers();
  flights = new PageFlights();
});
afterEach(() => {
  jest.useRealTimers();
});

function response(): ServerResponse {
  return new EventEmitter() as ServerResponse;
}

function wait(from = response(), timeoutMs = 10_000): Promise<Waited> {
  return flights.wait(KEY, from, timeoutMs);
}

describe('PageFlights', () => {
  it('lets one begin at a time, for each page', () => {
    expect(flights.begin(KEY)).toBeDefined();
    expect(flights.begin(KEY)).toBeUndefined();
    expect(flights.begin('page:2')).toBeDefined();
  });

  it.each<Landing>(['kept', 'unshareable', 'failed', 'lost'])(
    'tells all who wait that the page is %s',
    async (landing) => {
      const flight = flights.begin(KEY)!;
      const waiting = [wait(), wait()];

      flight.land(landing);

      expect(await Promise.all(waiting)).toEqual([landing, landing]);
      expect(jest.getTimerCount()).toBe(0);
    },
  );

  it('lets the next begin once it has landed, whose end an earlier one cannot tell', async () => {
    const first = flights.begin(KEY)!;
    first.land('lost');
    const second = flights.begin(KEY)!;
    const waiting = wait();

    first.land('kept');
    second.land('failed');

    expect(await waiting).toBe('failed');
  });

  it('lets nobody wait longer than they said', async () => {
    flights.begin(KEY);
    const waiting = wait(response(), 10_000);

    await jest.advanceTimersByTimeAsync(10_000);

    expect(await waiting).toBe('late');
  });

  it('lets those go whose client has left, and leaves no listener behind', async () => {
    const flight = flights.begin(KEY)!;
    const left = response();
    const stays = response();
    const waiting = wait(left);
    const other = wait(stays);

    left.emit('close');

    expect(await waiting).toBe('gone');
    flight.land('kept');
    expect(await other).toBe('kept');
    expect([left.listenerCount('close'), stays.listenerCount('close')]).toEqual([0, 0]);
  });

  it('has nothing to wait for without a flight', async () => {
    expect(await wait()).toBe('lost');
  });

  it('lets each make a page of its own for two minutes once it was not for everybody', () => {
    flights.begin(KEY)!.land('unshareable');

    expect([flights.isAlone(KEY), flights.begin(KEY)]).toEqual([true, undefined]);
    jest.advanceTimersByTime(TWO_MINUTES - 1);
    expect(flights.isAlone(KEY)).toBe(true);
    jest.advanceTimersByTime(1);

    expect(flights.isAlone(KEY)).toBe(false);
    expect(flights.begin(KEY)).toBeDefined();
  });

  it('waits again as soon as a page was kept after all', () => {
    flights.begin(KEY)!.land('unshareable');

    flights.isShared(KEY);

    expect(flights.begin(KEY)).toBeDefined();
  });

  it('lets a page rest for a second that could not be made anew, which keeps nobody from making it', () => {
    flights.beginAnew(KEY)!.land('unshareable');

    expect(flights.beginAnew(KEY)).toBeUndefined();
    expect(flights.isAlone(KEY)).toBe(false);
    flights.begin(KEY)!.land('failed');
    jest.advanceTimersByTime(999);
    expect(flights.beginAnew(KEY)).toBeUndefined();
    jest.advanceTimersByTime(1);

    expect(flights.beginAnew(KEY)).toBeDefined();
  });

  it('lets no page rest that was made anew, whatever is said of it afterwards', () => {
    const flight = flights.beginAnew(KEY)!;

    flight.land('kept');
    flight.land('failed');

    expect(flights.beginAnew(KEY)).toBeDefined();
  });

  it('remembers the last ten thousand pages that were not for everybody', () => {
    for (let page = 0; page <= 10_000; page += 1) flights.begin(`${page}`)!.land('unshareable');

    expect([flights.isAlone('0'), flights.isAlone('1'), flights.isAlone('10000')]).toEqual([
      false,
      true,
      true,
    ]);
  });
});
