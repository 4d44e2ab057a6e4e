import { describe, expect, it } from '@jest/globals';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { watchHeaders } from '../../../lib/http/unkeyed-headers.js';

function request(): IncomingMessage {
  const made = new IncomingMessage(new Socket());
  made.headers = { 'accept-language': 'fr', 'user-agent': 'a', cookie: 'b=1' };
  return made;
}

describe('watchHeaders()', () => {
  it('tells the headers that are read, sent or not, each once', () => {
    const asked = request();
    const end = watchHeaders(asked);

    expect(asked.headers['accept-language']).toBe('fr');
    expect(asked.headers['accept-language']).toBe('fr');
    expect(asked.headers['x-tenant']).toBeUndefined();

    expect(end()).toEqual(['accept-language', 'x-tenant']);
  });

  it('tells nothing that was read before or after', () => {
    const asked = request();
    void asked.headers['accept-language'];
    const end = watchHeaders(asked);

    expect(end()).toEqual([]);
    expect(asked.headers['user-agent']).toBe('a');
    expect(end()).toEqual([]);
  });

  it.each([
    'cookie',
    'authorization',
    'host',
    'if-none-match',
    'accept-encoding',
    'x-request-id',
    ':authority',
    'hasOwnProperty',
    'constructor',
    'toJSON',
    'X-Tenant',
  ])('does not count %s', (name) => {
    const asked = request();
    const end = watchHeaders(asked);

    void asked.headers[name];

    expect(end()).toEqual([]);
  });

  it('lets headers be removed and set meanwhile, for good', () => {
    const asked = request();
    const end = watchHeaders(asked);

    delete asked.headers['cookie'];
    asked.headers['x-added'] = '1';
    end();

    expect(asked.headers).toEqual({ 'accept-language': 'fr', 'user-agent': 'a', 'x-added': '1' });
  });

  it('gives a request back the headers that were its own', () => {
    const headers = { 'x-tenant': 'a' };
    const asked = { headers } as unknown as IncomingMessage;
    const end = watchHeaders(asked);

    expect(asked.headers['x-tenant']).toBe('a');

    expect(end()).toEqual(['x-tenant']);
    expect(asked.headers).toBe(headers);
  });
});
