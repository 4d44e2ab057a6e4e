import type { HeaderRule } from './vector-differences-headers.js';
import type { Scenario, VectorRequest, ViewResponse } from './vector-pages.js';

/** The rules that make a difference to these requests. */
export function tracedRules(scenario: Scenario): HeaderRule[] {
  const views = [scenario.view_response].flat();
  const { requests } = scenario;
  const sends = (name: string): boolean => requests.some(({ headers = {} }) => name in headers);
  const says = (pattern: RegExp): boolean =>
    views.some(({ headers = {} }) => pattern.test(headers['Cache-Control'] ?? ''));
  const isConditional = sends('If-None-Match') || sends('If-Modified-Since');
  const rules: [HeaderRule, boolean][] = [
    [
      'cookiesBypass',
      requests.some(({ cookies = {} }) => Object.keys(cookies).length > 0) &&
        !scenario.view_decorators?.includes('vary_on_cookie') &&
        !views.some(({ set_cookie: cookie }) => cookie),
    ],
    [
      'setCookieIsPersonal',
      views.some((view) => view.set_cookie !== undefined && !variesOnCookie(view)),
    ],
    ['pagesAreConditional', isConditional && !scenario.middleware_between],
    ['identityBypasses', sends('Authorization')],
    ['rangesBypass', ['Range', 'If-Range', 'If-Match', 'If-Unmodified-Since'].some(sends)],
    ['moreStatuses', views.some(({ status = 200 }) => [203, 301, 308].includes(status))],
    ['streamsAreKept', views.some(({ streaming }) => streaming === true)],
    ['pagesHaveOneKey', requests.find(isRead)?.method === 'HEAD'],
    ['malformedIsRefused', says(/max-age=(?!\d+\s*(,|$))/) || says(/max-age=\d+.*[ ,]max-age=\d+/)],
    [
      'responseLivesCount',
      says(/s-maxage/) || views.some(({ headers = {} }) => 'Expires' in headers),
    ],
    ['ageIsTime', says(/max-age/) && typeof scenario.cache_page?.timeout === 'number'],
    ['agesAreWhole', !Number.isInteger(scenario.cache_page?.timeout ?? 0)],
  ];
  return rules.filter(([, applies]) => applies).map(([rule]) => rule);
}

function variesOnCookie({ headers = {} }: ViewResponse): boolean {
  return /cookie/i.test(headers['Vary'] ?? '');
}

function isRead({ method }: VectorRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}
