import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DIFFERENCES, RULES } from './vector-differences.js';

const FOLDER = new URL('.', import.meta.url).pathname;
const PAGE = readFileSync(`${FOLDER}../../docs/django-tests.md`, 'utf8');
const SOURCES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(FOLDER + name, 'utf8'))
  .join('\n');

describe('docs/django-tests.md', () => {
  it('names exactly the tests that are ported', () => {
    const section = between(PAGE, '## Ported', 'Adapted on the way');

    expect(namesIn(section, /`(test_\w+)`/g)).toEqual(namesIn(SOURCES, /\[(test_\w+)\]/g));
  });

  it('names no ported test among those left out, unless it says where', () => {
    const rows = between(PAGE, '## Left out', '## Recorded outcomes').split('\n');
    const ported = namesIn(SOURCES, /\[(test_\w+)\]/g);

    const doubtful = rows.filter((row) => !row.includes(' on memcached '));
    const named = doubtful.flatMap((row) => namesIn(row, /`(test_\w+)`/g));
    expect(named.filter((name) => ported.includes(name))).toEqual([]);
  });

  it('lists the vectors in which a rule makes a difference', () => {
    const rows = between(PAGE, '## Recorded outcomes', 'Left out of the vectors').split('\n');
    const listed = rows.flatMap((row) => {
      const [, reason, ids] = row.split('|').map((cell) => cell.trim());
      const rule = Object.entries(RULES).find(([, text]) => text === reason)?.[0];
      return rule ? ids!.split(', ').map((id) => `${id} ${rule}`) : [];
    });

    const expected = Object.entries(DIFFERENCES).flatMap(([id, rules]) =>
      rules.map((rule) => `${id} ${rule}`),
    );
    expect(listed.toSorted()).toEqual(expected.toSorted());
  });
});

function between(text: string, start: string, end: string): string {
  return text.slice(text.indexOf(start), text.indexOf(end));
}

function namesIn(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1]!))].toSorted();
}
