import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { FAULT_MATRIX } from '../support/fault-matrix.js';

/** How many faults there are in each group. */
const GROUPS = { A: 14, B: 14, C: 22, D: 22 };

const proven = FAULT_MATRIX.flatMap((row) =>
  'proofs' in row ? row.proofs.map(([file, title]) => [row.id, file, title] as const) : [],
);

describe('the faults of the matrix', () => {
  it('are all there, once each and in their order', () => {
    const ids = Object.entries(GROUPS).flatMap(([group, count]) =>
      Array.from({ length: count }, (_, index) => `${group}${index + 1}`),
    );

    expect(FAULT_MATRIX.map(({ id }) => id)).toEqual(ids);
  });

  it('are proven, or there is a reason why nothing is to be proven', () => {
    const without = FAULT_MATRIX.filter((row) =>
      'proofs' in row ? row.proofs.length === 0 : row.doesNotApply === '',
    );

    expect(without).toEqual([]);
  });

  it.each(proven)('%s is proven in %s: %s', async (_, file, title) => {
    const source = await readFile(new URL(`../../${file}.ts`, import.meta.url), 'utf8');

    // As it stands in the source, so that a part of another title is not taken for it.
    const isTitle = ["'", '"', '`'].some((mark) => source.includes(`${mark}${title}${mark}`));
    expect([title, isTitle]).toEqual([title, true]);
  });
});
