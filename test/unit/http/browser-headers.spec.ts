import { describe, expect, it } from '@jest/globals';
import type { Ttl } from '../../../lib/core/cache-backend.interface.js';
import {
  addBrowserHeaders,
  type BrowserRules,
  renewedControl,
} from '../../../lib/http/browser-headers.js';
import { fakeClock } from '../../../lib/testing/index.js';

const RULES: Omit<BrowserRules, 'routeTtl'> = {
  browserMaxAge: 0,
  sMaxAge: undefined,
  isPersonal: false,
};

/** What browsers are told of a page that lives as long here, by its route, and says this itself. */
function told(
  ttl: Ttl,
  rules: Partial<BrowserRules> = {},
  own: Record<string, string> = {},
): Record<string, string> {
  const clock = fakeClock();
  const headers = new Map(Object.entries(own).map(([name, value]) => [name.toLowerCase(), value]));
  for (const [name, value] of headers) {
    if (name === 'expires')
      headers.set(name, new Date(clock.now() + Number(value) * 1000).toUTCString());
  }
  addBrowserHeaders(
    {
      getHeader: (name) => headers.get(name.toLowerCase()),
      setHeader: (name, value) => headers.set(name.toLowerCase(), value),
    },
    ttl,
    { ...RULES, routeTtl: ttl, ...rules },
    clock,
  );
  return Object.fromEntries(headers);
}

const control = (...args: Parameters<typeof told>): string | undefined =>
  told(...args)['cache-control'];

describe('addBrowserHeaders()', () => {
  it('lets a browser ask each time where nothing is said', () => {
    expect(told(60)).toEqual({ 'cache-control': 'max-age=0, must-revalidate' });
    expect(control(null)).toBe('max-age=0, must-revalidate');
  });

  it('gives it the time of the option, and no more than the page lives here', () => {
    expect(control(60, { browserMaxAge: 30 })).toBe('max-age=30');
    expect(control(60, { browserMaxAge: 90 })).toBe('max-age=60');
    expect(control(null, { browserMaxAge: 90 })).toBe('max-age=90');
  });

  it('forbids nothing that the page allows past its time', () => {
    expect(control(60, {}, { 'Cache-Control': 'stale-if-error=60' })).toBe(
      'stale-if-error=60, max-age=0',
    );
    expect(control(60, {}, { 'Cache-Control': 'stale-while-revalidate=60' })).toBe(
      'stale-while-revalidate=60, max-age=0',
    );
  });

  it('lets it ask each time for less than a second', () => {
    expect(control(60, { browserMaxAge: 0.5 })).toBe('max-age=0, must-revalidate');
    expect(control(0.5, { browserMaxAge: 90 })).toBe('max-age=0, must-revalidate');
  });

  it('leaves what the page grants by itself, and shortens what is longer than it lives here', () => {
    expect(control(60, { browserMaxAge: 5 }, { 'Cache-Control': 'public, max-age=30' })).toBe(
      'public, max-age=30',
    );
    expect(control(60, {}, { 'Cache-Control': 'max-age=90, public' })).toBe('max-age=60, public');
    expect(control(null, {}, { 'Cache-Control': 'max-age=90' })).toBe('max-age=90');
  });

  it('counts the age that a page comes with to its life', () => {
    expect(control(30, {}, { 'Cache-Control': 'max-age=60', Age: '30' })).toBe('max-age=60');
    expect(control(10, {}, { 'Cache-Control': 'max-age=60', Age: '30' })).toBe('max-age=40');
    expect(control(60, { browserMaxAge: 5, sMaxAge: 90 }, { Age: '30' })).toBe(
      'max-age=35, s-maxage=90',
    );
    expect(control(60, {}, { Age: '30' })).toBe('max-age=0, must-revalidate');
  });

  it('leaves what Expires grants, and shortens what is longer than it lives here', () => {
    expect(control(60, {}, { Expires: '30' })).toBeUndefined();
    expect(control(60, {}, { Expires: '90' })).toBe('max-age=60');
    expect(control(60, {}, { Expires: '-5' })).toBeUndefined();
  });

  it('leaves what a page grants itself alone where its route says nothing', () => {
    const own = { 'Cache-Control': 'max-age=600, s-maxage=5' };

    expect(control(5, { routeTtl: undefined }, own)).toBe('max-age=600, s-maxage=5');
  });

  it("tells as much as the page lives here with 'same', as Django does", () => {
    const headers = told(60, { browserMaxAge: 'same' });

    expect(headers['cache-control']).toBe('max-age=60');
    expect(headers['expires']).toMatch(/GMT$/);
    expect(control(60, { browserMaxAge: 'same' }, { 'Cache-Control': 'max-age=30' })).toBe(
      'max-age=30',
    );
  });

  it('tells shared caches their own time, and no more than the page lives here', () => {
    expect(control(60, { sMaxAge: 30 })).toBe('max-age=0, must-revalidate, s-maxage=30');
    expect(control(60, { sMaxAge: 90 })).toBe('max-age=0, must-revalidate, s-maxage=60');
    expect(control(60, { sMaxAge: 30 }, { 'Cache-Control': 'max-age=9, s-maxage=20' })).toBe(
      'max-age=9, s-maxage=20',
    );
    expect(control(10, {}, { 'Cache-Control': 'max-age=9, s-maxage=20' })).toBe(
      'max-age=9, s-maxage=10',
    );
  });

  it('keeps shared caches away from the page of one user', () => {
    expect(control(60, { isPersonal: true, sMaxAge: 30 })).toBe(
      'private, max-age=0, must-revalidate',
    );
    expect(control(60, { isPersonal: true }, { 'Cache-Control': 'public, max-age=9' })).toBe(
      'max-age=9, private',
    );
  });
});

describe('renewedControl()', () => {
  it('counts what is the word of the options from now, and leaves the rest', () => {
    const sent = 'public, max-age=60, s-maxage=60,max-age-of-mine=60';

    expect(renewedControl(sent, { maxAge: 60 }, 100, null)).toBe(
      'public, max-age=160, s-maxage=60,max-age-of-mine=60',
    );
    expect(renewedControl(sent, { maxAge: 5, sMaxAge: 90 }, 100, 120.5)).toBe(
      'public, max-age=105, s-maxage=120,max-age-of-mine=60',
    );
  });

  it('gives no time to what is over here', () => {
    expect(renewedControl('max-age=60', { maxAge: 60 }, 100, 95)).toBe('max-age=95');
  });
});
