import { expect } from '@jest/globals';

/** Where the rule here for headers and pages is not the one of Django, and why. */
export const HEADER_RULES = {
  nothingIsNoHeader: 'where nothing is said no header is set; Django sets an empty one',
  falseSaysNothing: 'false writes nothing; Django writes "=False"',
  directivesHaveOneName: 'max-age is max-age in any spelling; in Django each spelling is its own',
  blanksAreNothing: 'blanks around a name or a value are no part of it; in Django some are',
  emptyMembersAreDropped: 'empty members of a list are dropped; Django keeps them',
  eachNameOnce: 'a name is listed once; Django repeats what is repeated',
  agesAreWhole:
    'a lifetime is written in whole seconds; Django writes fractions, which no cache reads',
  agesAreChecked:
    'a lifetime that is no timeout is told; Django writes it, or fails at some of them',
  nullIsAYear: 'a life for ever is written as a year; Django writes "None"',
  badAgesAreOver: 'a max-age that is no number of seconds counts as 0; Django raises, or writes it',
  strictestAgeCounts: 'of several max-age the strictest counts; in Django the last',
  plainDigits: 'a number is digits; Python reads underscores in them too, and a bare max-age as 1',
  listsAddUp:
    'header names of private add up, and a bare one takes them in; in Django the last word counts',
  quotesHold: 'a comma within quotes parts nothing; Django takes the text apart there',
  privateWins: 'of private and public, given together, private is written; Django writes both',
  textIsQuoted: 'text that needs quotes gets them; Django writes it as it is',
  valuesAreChecked: 'what cannot stand in the header is told; Django writes it',
  pagesHaveOneKey: 'GET and HEAD have one page, which only GET makes; in Django one each',
  partsAreText:
    'a fragment varies on text and whole numbers; Django prints anything, as Python does',
  hostsHaveNoCase: 'a host is the same in any case; in Django each spelling has pages of its own',
  languageIsAHeader:
    'a page depends on the headers that Vary names, Accept-Language too; Django may use its own settings',
  cookiesBypass: 'a request with cookies gets an answer of its own; in Django Vary decides',
  identityBypasses:
    'a request with Authorization gets an answer of its own; in Django Vary decides',
  rangesBypass: 'a request for a range gets an answer of its own; Django sends the whole page',
  setCookieIsPersonal:
    'an answer that sets a cookie is for one client; in Django only if it varies on cookies',
  pagesAreConditional:
    'a page that is not modified is answered by 304; in Django by a middleware of its own',
  moreStatuses: '203, 301 and 308 make pages too; in Django 200 alone',
  malformedIsRefused: 'a Cache-Control that cannot be understood keeps a page from being stored',
  responseLivesCount: 's-maxage and Expires say how long a page lives; Django passes over them',
  ageIsTime: 'Age is the time since the page was made; Django reckons it from max-age and Expires',
  streamsAreKept: 'a stream is kept once it has ended; Django keeps none',
} as const;

/** The name of a rule. */
export type HeaderRule = keyof typeof HEADER_RULES;

/** What comes out here in the vectors in which a rule makes a difference: a header, a value, an error, or a trace. */
export const HEADER_DIFFERENCES: Readonly<
  Record<string, { readonly rules: readonly HeaderRule[]; readonly outcome: unknown }>
> = {
  'b-001': { rules: ['nothingIsNoHeader'], outcome: undefined },
  'b-013': { rules: ['badAgesAreOver'], outcome: 'max-age=0' },
  'b-015': { rules: ['badAgesAreOver'], outcome: 'max-age=0' },
  'b-017': { rules: ['agesAreWhole'], outcome: 'max-age=30' },
  'b-019': { rules: ['directivesHaveOneName'], outcome: 'max-age=60' },
  'b-021': { rules: ['nullIsAYear'], outcome: 'max-age=31536000' },
  'b-025': { rules: ['blanksAreNothing'], outcome: 'max-age=60' },
  'b-031': { rules: ['falseSaysNothing'], outcome: 'public' },
  'b-049': { rules: ['falseSaysNothing'], outcome: 'max-age=600' },
  'b-055': { rules: ['emptyMembersAreDropped'], outcome: 'max-age=60, private' },
  'b-059': { rules: ['directivesHaveOneName'], outcome: 'max-age=5' },
  'c-015': { rules: ['blanksAreNothing'], outcome: '*' },
  'c-017': { rules: ['nothingIsNoHeader'], outcome: undefined },
  'c-019': { rules: ['eachNameOnce'], outcome: 'Cookie' },
  'c-021': { rules: ['eachNameOnce'], outcome: 'Cookie, Origin' },
  'c-023': { rules: ['blanksAreNothing'], outcome: 'Cookie' },
  'c-027': { rules: ['blanksAreNothing'], outcome: 'Cookie' },
  'd-023': { rules: ['plainDigits'], outcome: null },
  'e-011': { rules: ['partsAreText'], outcome: 'TypeError' },
  'e-013': {
    rules: ['partsAreText'],
    outcome: 'template.cache.foo.3afcdbfeb6ecfbdd0ba628696e3cc163',
  },
  'e-023': { rules: ['partsAreText'], outcome: 'TypeError' },
  'f-011': { rules: ['hostsHaveNoCase'], outcome: [] },
  'f-033': {
    rules: ['languageIsAHeader'],
    outcome: ['accept-encoding', 'accept-language', 'cookie'],
  },
  'f-041': { rules: ['emptyMembersAreDropped'], outcome: [] },
  'f-043': { rules: ['blanksAreNothing'], outcome: ['accept', 'cookie'] },
  'g-011': {
    rules: ['moreStatuses'],
    outcome: ['miss | 203 | max-age=600 | -', 'hit | 203 | max-age=600 | 10'],
  },
  'g-033': {
    rules: ['malformedIsRefused'],
    outcome: ['miss | 200 | max-age=abc | -', 'miss | 200 | max-age=abc | -'],
  },
  'g-043': {
    rules: ['responseLivesCount'],
    outcome: [
      'miss | 200 | s-maxage=60, max-age=60 | -',
      'hit | 200 | s-maxage=60, max-age=60 | 10',
    ],
  },
  'g-049': {
    rules: ['malformedIsRefused'],
    outcome: ['miss | 200 | max-age=60, max-age=30 | -', 'miss | 200 | max-age=60, max-age=30 | -'],
  },
  'g-055': { rules: ['cookiesBypass'], outcome: ['miss | 200 | - | -', 'miss | 200 | - | -'] },
  'g-057': { rules: ['cookiesBypass'], outcome: ['miss | 200 | - | -', 'miss | 200 | - | -'] },
  'g-067': {
    rules: ['streamsAreKept'],
    outcome: ['miss | 200 | max-age=600 | -', 'hit | 200 | max-age=600 | 10'],
  },
  'g-071': { rules: ['responseLivesCount'], outcome: ['miss | 200 | - | -', 'miss | 200 | - | -'] },
  'g-073': { rules: ['identityBypasses'], outcome: ['miss | 200 | - | -', 'miss | 200 | - | -'] },
  'g-075': {
    rules: ['identityBypasses'],
    outcome: ['miss | 200 | max-age=600 | -', 'miss | 200 | - | -'],
  },
  'g-077': {
    rules: ['identityBypasses'],
    outcome: ['miss | 200 | public | -', 'miss | 200 | public | -'],
  },
  'g-081': {
    rules: ['rangesBypass'],
    outcome: ['miss | 200 | max-age=600 | -', 'miss | 200 | - | -'],
  },
  'g-091': {
    rules: ['ageIsTime'],
    outcome: [
      'miss | 200 | max-age=5 | -',
      'hit | 200 | max-age=5 | 6',
      'miss | 200 | max-age=5 | -',
    ],
  },
  'g-097': {
    rules: ['agesAreWhole'],
    outcome: ['miss | 200 | max-age=0 | -', 'miss | 200 | max-age=0 | -'],
  },
  'g-115': {
    rules: ['pagesHaveOneKey'],
    outcome: [
      'miss | 200 | - | -',
      'miss | 200 | - | -',
      'miss | 200 | max-age=600 | -',
      'hit | 200 | max-age=600 | 10',
    ],
  },
  'j-009': {
    rules: ['agesAreWhole'],
    outcome: { Expires: 'Tue, 14 Nov 2023 22:13:21 GMT', 'Cache-Control': 'max-age=1' },
  },
  'j-025': { rules: ['emptyMembersAreDropped'], outcome: false },
};

/** Demands that rules and outcome are those listed, where the vectors are those of this repository. */
function expectDifference(id: string, rules: readonly HeaderRule[], outcome: unknown): void {
  if (process.env['DJANGO_VECTORS'] !== undefined) return;
  const listed = HEADER_DIFFERENCES[id];
  expect({ id, rules: [...rules].toSorted(), outcome }).toEqual({
    id,
    rules: listed?.rules.toSorted() ?? [],
    outcome: listed?.outcome,
  });
}

/** Demands what Django did, where no rule makes a difference; else what is listed. */
export function compare(
  id: string,
  rules: readonly HeaderRule[],
  ours: unknown,
  theirs: unknown,
): void {
  if (rules.length === 0) expect(ours).toEqual(theirs);
  expectDifference(id, rules, rules.length === 0 ? undefined : ours);
}
