// Requests and responses as they come, most of them sound, some hostile; the same for the same seed.

/** A request: its method, and names and values of its headers in turn. */
export interface SampleRequest {
  readonly method: string;
  readonly pairs: readonly string[];
}

export interface HttpSample {
  readonly seed: number;
  readonly request: SampleRequest;
  readonly response: { readonly status: number; readonly pairs: readonly string[] };
  /** What another client asks of the same URL right afterwards. */
  readonly next: SampleRequest;
}

type Random = (below: number) => number;

/** Values of `Expires` and `Date` that have none of the three forms of HTTP. */
export const BROKEN_DATES: ReadonlySet<string> = new Set([
  '',
  '0',
  '-1',
  'never',
  '2030',
  '2030-01-01T00:00:00Z',
  'Sun, 22 Nov 2026 10:30:00 AEST',
  'Sun, 22 Nov 2026 10:30:00 +0000',
  'Sun, 22 Nov 2026 10:30:00',
  'Sun 22 Nov 2026 10:30:00 GMT',
  'Sun, 22 Nov 26 10:30:00 GMT',
  'Sun, 31 Feb 2027 10:30:00 GMT',
  'Sun, 22 Nov 2026 9:30:00 GMT',
]);

const STATUSES = [203, 301, 308, 204, 206, 300, 302, 303, 307, 404, 405, 410, 414, 500, 501, 503];
const SECONDS = [
  '0',
  '10',
  '60',
  '060',
  '300',
  '600',
  '3600',
  '86400',
  '2147483648',
  '99999999999',
];
const PLAIN_DIRECTIVES = [
  ['public', 'public', 'public', 'must-revalidate', 'must-revalidate', 'proxy-revalidate'],
  ['immutable', 'no-transform', 'must-understand', 'stale-while-revalidate=30'],
  ['stale-if-error=600', 'x-unknown', 'x-unknown=1', 'community="UCI"'],
].flat();
const FORBIDDING_DIRECTIVES = [
  ['private', 'no-store', 'no-cache', 'none', 'private="x"', 'private=""', 'no-store=""'],
  ['no-cache="set-cookie"', 'no-cache=""', 'private="set-cookie, x-user"', 'private=x'],
].flat();
const QUOTED_DIRECTIVES = [
  ['x="a, max-age=30, b"', 'x="a, no-store, b"', 'x="a\\", private, b"', 'x="a, s-maxage=5, b"'],
].flat();
const BROKEN_DIRECTIVES = [
  ['max-age=-1', 'max-age="60"', 'max-age=', 'max-age', 'max-age=abc', 'max-age=1.5', '='],
  ['max-age=60s', 's-maxage=1e3', 's-maxage="5"', 'x="open', 'public;max-age=60', 'x=a=b'],
  ['max-age=60 s-maxage=9', 'public private', 'max-age=\u00a060', 'ü', 'max-age=+60'],
].flat();
const REQUEST_CONTROLS = [
  ['no-cache', 'max-age=0', 'max-age=60', 'no-store', 'No-Store', 'no-store=""', 'min-fresh=9999'],
  ['max-stale', 'only-if-cached', 'max-age=abc', 'x="open', 'no-cache, no-store', 'min-fresh="5"'],
].flat();
const REQUEST_PAIRS = [
  ['Authorization: Bearer alice', 'authorization: Basic eA==', 'AUTHORIZATION: x'],
  ['Cookie: sid=1', 'cookie: theme=dark', 'X-API-Key: k', 'X-Auth-Token: k'],
  ['Proxy-Authorization: Basic eA==', 'X-Amzn-Oidc-Data: k', 'Range: bytes=0-9'],
  ['If-Range: "a"', 'If-Match: "a"', 'If-Unmodified-Since: 0', 'Content-Length: 6'],
  ['Content-Length: 0', 'Transfer-Encoding: chunked', 'Upgrade: h2c', 'Host: b.example'],
  ['X-HTTP-Method-Override: DELETE', 'X-Original-URL: /admin', 'Pragma: no-cache'],
  ['If-None-Match: "a"', 'X-Forwarded-For: 192.0.2.1'],
].flat();
const RESPONSE_PAIRS = [
  ['WWW-Authenticate: Basic', 'Authentication-Info: x', 'Clear-Site-Data: "cookies"'],
  ['Content-Type: text/event-stream', 'Content-Type: text/html', 'Trailer: X-Sum'],
  ['Content-Range: bytes 0-0/10', "Content-Security-Policy: script-src 'nonce-abc'"],
  ["Content-Security-Policy: default-src 'self'", 'Access-Control-Allow-Origin: *'],
  ['Access-Control-Allow-Origin: https://a.example', 'ETag: "a"', 'Content-Encoding: gzip'],
  ['Content-Encoding: br', 'Content-Encoding: identity', 'Warning: 110 - "stale"'],
].flat();
const VARIES = [
  ['Accept-Language', 'accept-encoding', 'Accept-Language, Accept-Encoding', 'ORIGIN', '*'],
  ['Accept, *', '*, Accept', 'co okie', 'Accept,, Accept-Language', ' Accept ', 'Cookie', ''],
].flat();
const AGES = [
  '0',
  '1',
  '10',
  '59',
  '60',
  '5000',
  '20, 0',
  '5',
  '30',
  '-5',
  '1.5',
  '7;x',
  'abc',
  '',
  '4294967296',
];
const OFFSETS = [-86_400, -60, -10, -1, 0, 10, 60, 60, 90, 120, 300, 3600, 86_400, 40_000_000];

/** What the seed stands for. @param now Milliseconds since the epoch, of a whole second. */
export function httpSample(seed: number, now: number): HttpSample {
  const random = randomFrom(seed);
  const hasOneIn = (chance: number): boolean => random(chance) === 0;
  return {
    seed,
    request: sampleRequest(random),
    response: {
      status: hasOneIn(6) ? oneOf(STATUSES, random) : 200,
      pairs: [
        ...(hasOneIn(6) ? [] : cacheControl(random)),
        ...(hasOneIn(3) ? spelled('Expires', dateText(random, now), random) : []),
        ...(hasOneIn(16) ? ['Expires', dateText(random, now)] : []),
        ...(hasOneIn(3) ? spelled('Date', dateText(random, now), random) : []),
        ...(hasOneIn(4) ? spelled('Age', oneOf(AGES, random), random) : []),
        ...(hasOneIn(40) ? ['Age', oneOf(AGES, random)] : []),
        ...(hasOneIn(5) ? spelled('Last-Modified', dateText(random, now), random) : []),
        ...(hasOneIn(16) ? ['Pragma', oneOf(['no-cache', 'No-Cache', 'x'], random)] : []),
        ...(hasOneIn(4) ? spelled('Vary', oneOf(VARIES, random), random) : []),
        ...(hasOneIn(16) ? spelled('Set-Cookie', 'sid=1; Path=/', random) : []),
        ...(hasOneIn(4) ? pair(oneOf(RESPONSE_PAIRS, random)) : []),
        ...(hasOneIn(12) ? pair(oneOf(RESPONSE_PAIRS, random)) : []),
      ],
    },
    next: sampleRequest(random),
  };
}

function sampleRequest(random: Random): SampleRequest {
  const languages = ['', 'Accept-Language: en', 'Accept-Language: de', 'Accept-Encoding: gzip'];
  const pairs = ['Host', 'a.example', ...pair(oneOf(languages, random))];
  for (let more = 4; random(more) === 0; more += 4)
    pairs.push(...pair(oneOf(REQUEST_PAIRS, random)));
  if (random(6) === 0) pairs.push('Cache-Control', oneOf(REQUEST_CONTROLS, random));
  return { method: random(12) === 0 ? oneOf(['HEAD', 'POST'], random) : 'GET', pairs };
}

function cacheControl(random: Random): string[] {
  const parts: string[] = [];
  if (random(4) > 0) parts.push(`max-age=${oneOf(SECONDS, random)}`);
  if (random(3) === 0) parts.push(`s-maxage=${oneOf(SECONDS, random)}`);
  while (random(2) === 0) parts.push(oneOf(PLAIN_DIRECTIVES, random));
  if (random(10) === 0) parts.push(oneOf(FORBIDDING_DIRECTIVES, random));
  if (random(12) === 0) parts.push(oneOf(QUOTED_DIRECTIVES, random));
  if (random(12) === 0) parts.push(oneOf(BROKEN_DIRECTIVES, random));
  if (random(12) === 0) parts.push(oneOf(parts.length > 0 ? parts : PLAIN_DIRECTIVES, random));
  if (random(20) === 0) parts.push(`max-age = ${oneOf(SECONDS, random)}`);
  const written = shuffled(parts, random).map((part) =>
    random(8) === 0 ? recased(part, random) : part,
  );
  const comma = oneOf([', ', ', ', ',', ' ,\t', ',, '], random);
  if (written.length < 2 || random(6) > 0)
    return spelled('Cache-Control', written.join(comma), random);
  return written.flatMap((part) => spelled('Cache-Control', part, random));
}

function dateText(random: Random, now: number): string {
  if (random(6) === 0) return oneOf([...BROKEN_DATES], random);
  const date = new Date(now + oneOf(OFFSETS, random) * 1000);
  const text = date.toUTCString();
  const [, day, month, year, time] = /, (\d\d) (\w+) (\d+) (\S+)/.exec(text)!;
  const weekday = date.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
  return oneOf(
    [
      text,
      text,
      text,
      text.toUpperCase(),
      `${weekday}, ${day}-${month}-${year!.slice(2)} ${time} GMT`,
      `${weekday.slice(0, 3)} ${month} ${day!.replace(/^0/, ' ')} ${time} ${year}`,
    ],
    random,
  );
}

function spelled(name: string, value: string, random: Random): string[] {
  return [oneOf([name, name, name.toLowerCase(), name.toUpperCase()], random), value];
}

function recased(text: string, random: Random): string {
  return text.replaceAll(/[a-z]/g, (letter) => (random(2) === 0 ? letter.toUpperCase() : letter));
}

function pair(line: string): string[] {
  const colon = line.indexOf(': ');
  return colon < 0 ? [] : [line.slice(0, colon), line.slice(colon + 2)];
}

function shuffled(parts: readonly string[], random: Random): string[] {
  const left = [...parts];
  return parts.map(() => left.splice(random(left.length), 1)[0]!);
}

function oneOf<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)]!;
}

/** Numbers that are the same for the same seed. (mulberry32) */
function randomFrom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e37_79b9);
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
