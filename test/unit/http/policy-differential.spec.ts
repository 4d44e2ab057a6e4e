import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import CachePolicy from 'http-cache-semantics';
import {
  decideRequest,
  decideResponse,
  type RequestDecision,
} from '../../../lib/http/http-cache.policy.js';
import { linesOfPairs } from '../../../lib/http/http-head.js';
import { httpSample, type HttpSample, type SampleRequest } from '../../support/http-samples.js';
import {
  READINGS,
  REFUSALS,
  REUSES,
  withZone,
  type Exchange,
  type Reading,
} from '../../support/http-differences.js';

const SAMPLES = process.env['HEAVY'] ? 100_000 : 5000;
const NOW = Date.parse('2026-11-22T10:00:00Z');
const SHOWN = 10;

/** Headers that Node.js takes the first line of, and drops the others. */
const SINGLE = new Set(
  ['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host']
    .concat(['if-modified-since', 'if-unmodified-since', 'last-modified', 'location', 'referer'])
    .concat(['max-forwards', 'proxy-authorization', 'retry-after', 'server', 'user-agent']),
);

const hits = new Map<string, number>();
const unexplained: string[] = [];
let keptAlike = 0;
let refusedAlike = 0;

describe(`The policy and http-cache-semantics, on the seeds 0 to ${SAMPLES - 1}`, () => {
  beforeAll(() => {
    jest.useFakeTimers({ now: NOW });
    for (let seed = 0; seed < SAMPLES; seed++) compare(httpSample(seed, NOW));
  }, 10 * 60_000);

  afterAll(() => {
    jest.useRealTimers();
  });

  it('differ in nothing that has no name here', () => {
    expect(unexplained).toEqual([]);
  });

  it('agree on many pages to the second, and on what is no page', () => {
    expect(keptAlike).toBeGreaterThan(SAMPLES / 10);
    expect(refusedAlike).toBeGreaterThan(SAMPLES / 10);
  });

  it.each([...REFUSALS, ...READINGS, ...REUSES].map(({ name }) => name))('differ: %s', (name) => {
    expect(hits.get(name) ?? 0).toBeGreaterThan(0);
  });

  it.each(REFUSALS.filter(({ barsReuse }) => barsReuse).map(({ name }) => name))(
    'differ in what may answer a later request: %s',
    (name) => {
      expect(hits.get(later(name)) ?? 0).toBeGreaterThan(0);
    },
  );
});

/** Counts the class of each difference between the two, or notes that there is none. */
function compare(sample: HttpSample): void {
  const asked = decide(sample.request);
  const answered = decideResponse({
    status: sample.response.status,
    lines: linesOfPairs(sample.response.pairs),
    routeTtl: undefined,
    defaultTtl: 0,
    now: NOW,
  });
  const exchange: Exchange = {
    now: NOW,
    method: sample.request.method,
    status: sample.response.status,
    request: linesOfPairs(sample.request.pairs),
    response: linesOfPairs(sample.response.pairs),
  };
  const ours = asked.store && answered.store ? answered.ttl : 0;
  const theirs = lifetime(exchange);
  const broken = REFUSALS.find((each) => ours !== 0 && each.holds(exchange));
  if (broken) return note(sample, broken.name, ours, 0);
  if (ours === theirs) {
    if (ours === 0) refusedAlike++;
    else keptAlike++;
    if (ours !== 0) compareReuse(sample, exchange, answered.vary);
    return;
  }
  const reason = asked.store ? answered.reason : asked.reason;
  const refusal = REFUSALS.find(
    (each) => [each.reason, each.orReason ?? each.reason].includes(reason) && each.holds(exchange),
  );
  if (ours === 0 && refusal) return count(refusal.name);
  const read = reconcile(READINGS, exchange, ours, lifetime);
  if (read === undefined) note(sample, 'lifetime', ours, theirs);
  else if (ours !== 0) compareReuse(sample, read, answered.vary);
}

/** The same for the question whether the stored page answers the next request. */
function compareReuse(sample: HttpSample, stored: Exchange, vary: readonly string[]): void {
  const { next } = sample;
  const lines = linesOfPairs(next.pairs);
  const decision = decide(next);
  const isVariant = vary.every((name) => joined(lines, name) === joined(stored.request, name));
  const ours = decision.lookup && isVariant;
  const exchange = { ...stored, next: { method: next.method, lines } };
  const theirs = reuses(exchange);
  const asked = { ...stored, method: next.method, request: lines };
  const broken = REFUSALS.find((each) => ours && each.barsReuse && each.holds(asked));
  if (broken) return note(sample, later(broken.name), ours, false);
  if (ours === theirs) return;
  const refusal = REFUSALS.find(
    (each) => each.reason === decision.reason && each.barsReuse && each.holds(asked),
  );
  if (!decision.lookup && refusal) return count(later(refusal.name));
  const read = reconcile(REUSES, exchange, ours, reuses);
  if (read === undefined) note(sample, 'reuse', ours, theirs);
}

/**
 * The exchange written so that both libraries read it in the same way, each rewriting counted that changed what the other
 * one says; undefined if they still differ.
 */
function reconcile<E extends Exchange, A>(
  readings: readonly Reading<E>[],
  exchange: E,
  ours: A,
  theirs: (exchange: E) => A,
): E | undefined {
  let read = exchange;
  let answer = theirs(read);
  const changed: string[] = [];
  for (const { name, rewrite } of readings) {
    read = rewrite(read);
    const before = answer;
    answer = theirs(read);
    if (answer !== before) changed.push(name);
  }
  if (answer !== ours) return undefined;
  for (const name of changed) count(name);
  return read;
}

function decide({ method, pairs }: SampleRequest): RequestDecision {
  const head = { method, lines: linesOfPairs(pairs), headers: {} };
  return decideRequest({ head, identified: false, neverLives: false });
}

/** Seconds for which http-cache-semantics takes the response for fresh; 0 if it does not store it. */
function lifetime(exchange: Exchange): number {
  const policy = policyOf(exchange);
  return policy.storable() ? Math.max(0, policy.maxAge() - policy.age()) : 0;
}

function reuses(exchange: Exchange & { readonly next: NextRequest }): boolean {
  const { method, lines } = exchange.next;
  const answer = policyOf(exchange).evaluateRequest({ method, headers: headersOf(lines) });
  return answer.revalidation === undefined;
}

interface NextRequest {
  readonly method: string;
  readonly lines: Exchange['request'];
}

function policyOf({ method, status, request, response }: Exchange): CachePolicy {
  return new CachePolicy(
    { method, headers: headersOf(request) },
    { status, headers: headersOf(response) },
    { shared: true },
  );
}

/** Lines as Node.js hands them to those who use http-cache-semantics. */
function headersOf(lines: Exchange['request']): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, values] of lines) {
    const zoned = values.map(withZone);
    if (name === 'set-cookie') headers[name] = zoned;
    else if (SINGLE.has(name)) headers[name] = zoned[0]!;
    else headers[name] = zoned.join(name === 'cookie' ? '; ' : ', ');
  }
  return headers;
}

function joined(lines: Exchange['request'], name: string): string | undefined {
  return lines.get(name)?.join(', ');
}

function later(name: string): string {
  return `later: ${name}`;
}

function count(name: string): void {
  hits.set(name, (hits.get(name) ?? 0) + 1);
}

function note(sample: HttpSample, what: string, ours: unknown, theirs: unknown): void {
  if (unexplained.length >= SHOWN) return;
  unexplained.push(`${what}: ${String(ours)}, not ${String(theirs)}: ${JSON.stringify(sample)}`);
}
