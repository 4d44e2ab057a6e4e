/** What the benchmarks store: the same keys, orders and values for every contestant, in every process. */

const VARIANTS = 1_000;

const MAKERS = {
  string: text(100),
  text1Ki: text(1_024),
  text10Ki: text(10 * 1_024),
  text100Ki: text(100 * 1_024),
  number: (i) => i * 1_000 + 7,
  object: (i) => ({
    id: i,
    name: `Customer ${i}`,
    email: `customer.${i}@example.com`,
    active: i % 2 === 0,
    tags: ['new', 'mail', 'eu'],
  }),
  // About 1 KiB as JSON.
  record,
  // About 64 KiB as JSON.
  records: (i) => Array.from({ length: 66 }, (_, n) => record(i * 66 + n)),
  rows: (i) =>
    Array.from({ length: 100 }, (_, row) => ({
      id: i * 100 + row,
      sku: `SKU-${i}-${row}`,
      name: `Article number ${row}`,
      price: row * 1.25,
      inStock: row % 3 !== 0,
    })),
};

const LARGE = new Set(['records', 'rows', 'text10Ki', 'text100Ki']);

function record(i) {
  return {
    id: i,
    name: `Customer ${i}`,
    email: `customer.${i}@example.com`,
    active: i % 2 === 0,
    balance: i * 12.25,
    tags: ['new', 'mail', 'eu'],
    address: { street: `${i} Long Street`, city: 'Springfield', zip: String(10_000 + i) },
    orders: Array.from({ length: 9 }, (_, order) => ({
      number: i * 10 + order,
      sku: `SKU-${i}-${order}`,
      title: `Article number ${order}`,
      price: order * 9.75,
      paid: order % 3 !== 0,
    })),
  };
}

/** A text of so many characters for each number. */
function text(length) {
  return (i) => `value ${i} `.padEnd(length, 'abcdefghij');
}

/** A thousand different values of the kind (a hundred of the large ones), so that no contestant can live off one. */
export function valuesOf(kind) {
  const make = MAKERS[kind];
  return Array.from({ length: LARGE.has(kind) ? VARIANTS / 10 : VARIANTS }, (_, i) => make(i));
}

/** The n-th text of 100 characters, in a memory of its own. */
export function freshText(n) {
  return Buffer.from(MAKERS.string(n)).toString('latin1');
}

const DRAWS = 2 ** 17;

/**
 * Numbers below `size` in the order in which they are asked for: some often, most seldom (Zipf's law, as cache traffic
 * is), the often ones spread over the whole range. The same order each time.
 */
export function askedOrder(size) {
  const rank = zipfRanks(size);
  const spread = shuffled(size);
  return Uint32Array.from({ length: Math.max(DRAWS, size) }, () => spread[rank()]);
}

/** The numbers below `size`, each once, in no order that memory could guess; the same each time. */
function shuffled(size) {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  const random = randomNumbers();
  for (let i = size - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}

/** Draws ranks below `size`: the n-th most wanted is drawn 1/n times as often as the first. */
function zipfRanks(size) {
  const upTo = new Float64Array(size);
  let total = 0;
  for (let i = 0; i < size; i += 1) {
    total += 1 / (i + 1);
    upTo[i] = total;
  }
  const random = randomNumbers();
  return () => {
    const drawn = random() * total;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle] < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Numbers from 0 up to 1, the same ones each time. */
function randomNumbers() {
  let seed = 0x9e3779b9;
  return () => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) / 2 ** 32;
  };
}
