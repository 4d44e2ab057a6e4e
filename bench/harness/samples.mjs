/** What the benchmarks store: the same keys, orders and values for every contestant, in every process. */

const VARIANTS = 1_000;

const MAKERS = {
  string: (i) => `value ${i} `.padEnd(100, 'abcdefghij'),
  number: (i) => i * 1_000 + 7,
  object: (i) => ({
    id: i,
    name: `Customer ${i}`,
    email: `customer.${i}@example.com`,
    active: i % 2 === 0,
    tags: ['new', 'mail', 'eu'],
  }),
  rows: (i) =>
    Array.from({ length: 100 }, (_, row) => ({
      id: i * 100 + row,
      sku: `SKU-${i}-${row}`,
      name: `Article number ${row}`,
      price: row * 1.25,
      inStock: row % 3 !== 0,
    })),
};

/** A thousand different values of the kind (a hundred of the large one), so that no contestant can live off one. */
export function valuesOf(kind) {
  const make = MAKERS[kind];
  return Array.from({ length: kind === 'rows' ? VARIANTS / 10 : VARIANTS }, (_, i) => make(i));
}

/** The n-th text of 100 characters, in a memory of its own. */
export function freshText(n) {
  return Buffer.from(MAKERS.string(n)).toString('latin1');
}

/** The numbers below `size` in an order that no memory prefetcher knows; the same one each time. */
export function shuffledOrder(size) {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  let seed = 0x9e3779b9;
  for (let i = size - 1; i > 0; i -= 1) {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    const j = (seed >>> 0) % (i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}
