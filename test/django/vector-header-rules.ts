import type { HeaderRule } from './vector-differences-headers.js';

const LIFETIMES = new Set(['maxage', 'smaxage', 'stalewhilerevalidate', 'staleiferror']);
const TEXT = /^(?:[!#$%&'*+.^_`|~0-9a-z-]+|"(?:[^"\\]|\\.)*")$/i;
const NUMBER = /^\d+$/;
const LONGEST = 2 ** 31;

/** The rules that make a difference when these arguments are put into this `Cache-Control`. */
export function cacheControlRules(
  header: string | null,
  kwargs: Readonly<Record<string, unknown>>,
): HeaderRule[] {
  const existing = header ?? '';
  const rules = new Set<HeaderRule>();
  if (header === null && Object.keys(kwargs).length === 0) rules.add('nothingIsNoHeader');
  for (const rule of listRules(existing)) rules.add(rule);
  const given = Object.entries(kwargs).map(([name, value]) => [plain(name), value, name] as const);
  for (const [name, value] of given) for (const rule of valueRules(name, value)) rules.add(rule);
  const wants = (name: string): boolean =>
    given.some(([other, value]) => other === name && value !== false);
  if (wants('private') && wants('public')) rules.add('privateWins');
  const lists = maxAges(existing);
  const age = given.find(([name]) => name === 'maxage');
  const isSpelt = Object.keys(kwargs).some((name) => name !== name.toLowerCase());
  if (isSpelt || (age && age[2] !== 'max_age' && lists.length > 0)) {
    rules.add('directivesHaveOneName');
  }
  if (lists.length > 0 && age && !NUMBER.test(strictest(lists))) rules.add('badAgesAreOver');
  if (lists.length > 1 && lists.at(-1) !== strictest(lists)) rules.add('strictestAgeCounts');
  const before = membersOf(existing, 'private').length;
  const isNarrowed = wants('private') && kwargs['private'] !== true;
  if (before > 1 || (before === 1 && isNarrowed)) rules.add('listsAddUp');
  return [...rules];
}

/** The rules that make a difference when `max-age` is read. */
export function maxAgeRules(header: string): HeaderRule[] {
  const rules: HeaderRule[] = [];
  const lists = maxAges(header);
  if (/(?:^[\t ]+max-age|max-age[\t ]+)=/i.test(header)) rules.push('blanksAreNothing');
  if (lists.some((age) => /^[+-]?\d+(?:_\d+)+$/.test(age)) || /\bmax-age\s*(,|$)/i.test(header)) {
    rules.push('plainDigits');
  }
  if (lists.length > 1 && lists.at(-1) !== strictest(lists)) rules.push('strictestAgeCounts');
  return rules;
}

/** The rules that make a difference when these names are added to this `Vary`. */
export function varyRules(header: string | null, names: readonly string[]): HeaderRule[] {
  const existing = header ?? '';
  const rules = new Set<HeaderRule>();
  const all = [...existing.split(','), ...names.flatMap((name) => name.split(','))];
  const isPadded = existing !== existing.trim() || names.some((name) => name !== name.trim());
  if (isPadded && !names.includes('*')) rules.add('blanksAreNothing');
  const written = all.map((name) => name.trim().toLowerCase());
  if (header === null && names.length === 0) rules.add('nothingIsNoHeader');
  const isListed = header !== null && (header !== '' || names.length > 0);
  if ((isListed && existing.split(',').some(isBlank)) || names.some(isBlank)) {
    rules.add('emptyMembersAreDropped');
  }
  if (
    names.some((name) => !name.split(',').every((part) => TEXT.test(part.trim()) || isBlank(part)))
  ) {
    return ['valuesAreChecked'];
  }
  if (!written.includes('*') && isRepeated(existing, names)) rules.add('eachNameOnce');
  return [...rules];
}

function isRepeated(existing: string, names: readonly string[]): boolean {
  const before = existing
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  const given = names.map((name) => name.toLowerCase());
  return (
    new Set(before).size < before.length ||
    names.some((name) => isPartKnown(name, before)) ||
    given.some((name, index) => !before.includes(name) && given.indexOf(name) !== index)
  );
}

/** Several names in one text, of which one is there already. */
function isPartKnown(name: string, known: readonly string[]): boolean {
  const parts = name.split(',').map((part) => part.trim().toLowerCase());
  return parts.length > 1 && parts.some((part) => known.includes(part));
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

function listRules(header: string): HeaderRule[] {
  const rules: HeaderRule[] = [];
  const parts = header.split(',');
  if (header !== '' && parts.some(isBlank)) rules.push('emptyMembersAreDropped');
  const isPadded = header !== header.trim() || parts.some((part) => /^[^"]*(?:\s=|=\s)/.test(part));
  if (isPadded) rules.push('blanksAreNothing');
  if (/"[^"]*(?:,[^" ]|,  | ,)[^"]*"/.test(header)) rules.push('quotesHold');
  return rules;
}

function valueRules(name: string, value: unknown): HeaderRule[] {
  if (value === false) return ['falseSaysNothing'];
  if (LIFETIMES.has(name)) {
    if (value === null) return ['nullIsAYear'];
    if (typeof value !== 'number') return ['agesAreChecked'];
    if (value < 0) return ['badAgesAreOver'];
    if (value > LONGEST) return ['agesAreChecked'];
    return Number.isInteger(value) ? [] : ['agesAreWhole'];
  }
  if (value === true || typeof value === 'number') return [];
  if (typeof value !== 'string') return ['valuesAreChecked'];
  return TEXT.test(value) ? [] : ['textIsQuoted'];
}

function plain(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase();
}

/** The values of `max-age`, as they are written. */
function maxAges(header: string): string[] {
  return membersOf(header, 'max-age');
}

function membersOf(header: string, wanted: string): string[] {
  return header
    .split(',')
    .map((member) => member.trim().split('='))
    .filter(([name]) => name!.trim().toLowerCase() === wanted)
    .map(([, ...value]) => value.join('=').trim());
}

/** One that is no number is stricter than any that is. */
function strictest(ages: readonly string[]): string {
  const bad = ages.find((age) => !/^[+-]?\d+$/.test(age));
  return bad ?? ages.toSorted((a, b) => Number(a) - Number(b))[0]!;
}
