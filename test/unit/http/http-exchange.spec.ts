import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIdentified, type HttpExchange } from '../../../lib/http/http-exchange.js';

/** An exchange of which the framework and the raw request know this. */
function exchange(asked: object, raw: object = {}): HttpExchange {
  const framework = { getHeaders: () => ({}) };
  return {
    request: raw as IncomingMessage,
    response: framework as unknown as ServerResponse,
    asked,
    framework,
  };
}

describe('isIdentified()', () => {
  it.each([
    ['a user of the framework', exchange({ user: { id: 1 } })],
    ['a user of the raw request', exchange({}, { user: 'ann' })],
    ['a session that bears something', exchange({ session: { cookie: {}, name: 'ann' } })],
    ['a session of the raw request that does', exchange({}, { session: { items: 0 } })],
    ['a session that says that it changed', exchange({ session: { changed: true } })],
    ['a client certificate that holds', exchange({}, { socket: { authorized: true } })],
  ])('is true of %s', (_, identified) => {
    expect(isIdentified(identified)).toBe(true);
  });

  it.each([
    ['nothing', exchange({})],
    ['no user', exchange({ user: null }, { user: false })],
    ['a session of which nothing but its cookie is known', exchange({ session: { cookie: {} } })],
    ['a session that says that it did not change', exchange({ session: { changed: false } })],
    ['a session that was taken away', exchange({ session: null }, { session: undefined })],
    ['a client certificate that does not hold', exchange({}, { socket: { authorized: false } })],
  ])('is false of %s', (_, anonymous) => {
    expect(isIdentified(anonymous)).toBe(false);
  });
});
