import type { Random } from '../../support/random.js';
import { factsOf, KINDS, type Facts } from './model.controller.js';

/** A request of the model: what is sent, and what it means. */
export interface ModelRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly facts: Facts;
  readonly kind: string;
}

type Header = readonly [name: string, value: string | readonly string[]];

// What follows a name is chosen of, mostly nothing.
const VISITORS: readonly Header[] = [
  ['Authorization', 'alice'],
  ['Authorization', 'bob'],
  ['Authorization', ''],
  ['Cookie', 'sid=1'],
  ['Cookie', 'sid=2'],
  ['X-API-Key', 'k1'],
  ['X-Name', 'carol'],
  ['X-Name', 'mallory'],
];

const DIRECTIVES: readonly Header[] = [
  ['Cache-Control', 'no-cache'],
  ['Cache-Control', 'no-store'],
  ['Cache-Control', 'max-age=0'],
  ['Pragma', 'no-cache'],
  ['Range', 'bytes=0-9'],
  ['If-None-Match', '*'],
  ['If-None-Match', '"tag"'],
  ['If-None-Match', '"other"'],
  ['If-Modified-Since', 'Sun, 22 Nov 2026 10:00:00 GMT'],
  ['X-HTTP-Method-Override', 'DELETE'],
];

const VALUES = ['', 'a', 'ab', 'b', 'a, b'];

/** A request at random: often one that others make too, so that there is something to share. */
export function randomRequest(random: Random): ModelRequest {
  const one = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const kinds = Object.keys(KINDS);
  const kind = one(kinds);
  const method = random(10) < 8 ? 'GET' : one(['HEAD', 'HEAD', 'POST', 'DELETE']);
  const route = random(5) === 0 ? 'keyed' : 'model';
  const url = `/${route}/${kind}/${random(5) === 0 ? 2 : 1}${random(5) === 0 ? one(['?x=1', '?x=2']) : ''}`;
  const headers: Header[] = [['Host', random(5) === 0 ? 'b.example' : 'a.example']];
  if (random(5) === 0) headers.push(one(VISITORS));
  if (random(4) === 0) headers.push(one(DIRECTIVES));
  if (random(10) === 0) headers.push(['X-Forwarded-Host', one(['evil', 'a.example'])]);
  if (random(3) === 0) headers.push(['Accept-Language', one(['', 'en', 'de'])]);
  if (random(4) === 0) headers.push(['X-A', random(4) === 0 ? ['a', 'b'] : one(VALUES)]);
  if (random(4) === 0) headers.push(['X-B', one(VALUES)]);
  if (random(4) === 0) headers.push(['Origin', one(['https://a.example', 'https://b.example'])]);
  const sent = Object.fromEntries(
    headers.map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
  return { method, url, headers: sent, kind, facts: factsOf(method, url, joined(sent)) };
}

/** Headers as a server sees them: in lower case, several lines as one. */
function joined(headers: Readonly<Record<string, string | string[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === 'string' ? value : value.join(', '),
    ]),
  );
}
