import { describe, it } from '@jest/globals';
import { PLATFORMS } from '../e2e/http/http-app.js';
import { vectorsOf } from '../support/suite-vectors.js';
import { runExchanges } from './vector-app.js';
import { compare } from './vector-differences-headers.js';
import { tracedRules } from './vector-page-rules.js';
import { settledExpected, traceOf, type Exchange, type Scenario } from './vector-pages.js';

const VECTORS = vectorsOf('g').map((vector) => [vector.id, vector] as const);

describe.each(PLATFORMS)('vectors of the cache middleware and cache_page, on %s', (platform) => {
  it.each(VECTORS)('%s', async (id, vector) => {
    const scenario = vector.input as unknown as Scenario;
    const rules = tracedRules(scenario);

    const ours = await runExchanges(platform, scenario);

    const theirs = comparable(settledExpected(vector), scenario, ours);
    compare(id, rules, rules.length === 0 ? ours : ours.map(traceOf), theirs);
  });
});

/**
 * The responses of Django in the form of those here: as a client sees them, to whom no body of a HEAD and no blanks around a
 * header are sent. The `Age` of versions that send none is not compared.
 */
function comparable(theirs: unknown, { requests }: Scenario, ours: readonly Exchange[]): unknown {
  const { responses } = theirs as { responses?: readonly Exchange[] };
  return responses?.map((response, index) => ({
    from_cache: response.from_cache,
    status: response.status,
    cache_control: response.cache_control,
    vary: response.vary?.trim() ?? null,
    expires_minus_now: response.expires_minus_now,
    age: response.age ?? ours[index]?.age,
    body: requests[index]?.method === 'HEAD' ? '' : response.body,
  }));
}
