import type { SuiteResult } from './suite-run.js';

/** What a run of the suite comes to. */
export interface Judgement {
  /** Required tests in which a stored answer was given to a request that had to reach the origin, whatever else they found. */
  readonly unsafeReuses: readonly string[];
  /** Required and optimal tests that failed, those in their own setup among them. */
  readonly failures: readonly string[];
  /** Tests in which a visitor who asked for a fresh page got one although the stored one was fresh. */
  readonly purges: readonly string[];
}

/** Requests of the suite by which a visitor asks past a page that is fresh. */
const ASKING_PAST: ReadonlySet<string> = new Set([
  'ccreq-ma0',
  'ccreq-ma1',
  'ccreq-magreaterage',
  'ccreq-min-fresh',
  'ccreq-min-fresh-age',
  'ccreq-no-cache',
  'ccreq-no-cache-etag',
  'ccreq-no-cache-lm',
  'pragma-request-no-cache',
]);

export function judge(results: readonly SuiteResult[]): Judgement {
  const idsOf = (chosen: (result: SuiteResult) => boolean): string[] =>
    results
      .filter(chosen)
      .map(({ id }) => id)
      .toSorted();
  return {
    unsafeReuses: idsOf((result) => result.kind === 'required' && hasReuse(result)),
    failures: idsOf(
      ({ kind, verdict }) => kind !== 'check' && ['fail', 'setup', 'harness'].includes(verdict),
    ),
    purges: idsOf(({ id, answers }) => ASKING_PAST.has(id) && answers.at(-1)?.madeFor !== 1),
  };
}

/**
 * The figures of a run in one line. A test counts as met if all was as it expects; as passed, if what it builds upon was so
 * as well.
 */
export function summaryOf(results: readonly SuiteResult[]): string {
  const kinds = (['required', 'optimal'] as const).map((kind) => {
    const all = results.filter((result) => result.kind === kind);
    const met = all.filter(({ message }) => message === undefined).length;
    const passed = all.filter(({ verdict }) => verdict === 'pass').length;
    return `${kind} ${met} of ${all.length} met (${passed} passed)`;
  });
  const checks = results.filter(({ kind, verdict }) => kind === 'check' && verdict === 'yes');
  return `${kinds.join(', ')}, ${checks.length} questions answered with yes`;
}

/** What a test found, in one line: `other-age-gen: fail, Assertion: … (1: 200 MISS, 2: 200 HIT of 1)`. */
export function storyOf({ id, verdict, message, answers }: SuiteResult): string {
  const story = answers.map(({ request, madeFor, status, cache }) => {
    const origin = madeFor === undefined || madeFor === request ? '' : ` of ${madeFor}`;
    return `${request}: ${status} ${cache ?? 'passed through'}${origin}`;
  });
  return `${id}: ${verdict}, ${message ?? 'as expected'} (${story.join(', ')})`;
}

/** True if a request that had to reach the origin was given what the origin had made for another. */
function hasReuse({ mustReach, answers }: SuiteResult): boolean {
  return answers.some(
    ({ request, madeFor }) =>
      madeFor !== undefined && madeFor !== request && mustReach.includes(request),
  );
}
