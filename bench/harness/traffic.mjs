/** Operations for what lies behind a network: many callers at once, many keys in one call, and the latency of one call. */
import { askedOrder } from './samples.mjs';

const KEYS_AT_ONCE = 100;

/**
 * Each is { forMs(ms) } and answers { count, ms }, or { p50 } in microseconds.
 *
 * @param contestant { get, set?, getMany? }; `getMany` answers the values in a Map or an array or an object.
 */
export function trafficOf({ get, set, getMany }, size, values) {
  const order = askedOrder(size);
  let at = 0;
  const next = () => {
    if (at === order.length) at = 0;
    return order[at++];
  };
  const getOne = async () => {
    const got = await get(`user:${next()}`);
    if (got === undefined || got === null) throw new Error('a hit was a miss');
  };
  const setOne = async () => {
    const n = next();
    await set(`user:${n}`, values[n % values.length]);
  };
  const getHundred = async () => {
    const first = next();
    const keys = [];
    for (let i = 0; i < KEYS_AT_ONCE; i += 1) keys.push(`user:${(first + i) % size}`);
    const found = await getMany(keys);
    if (foundIn(found) !== KEYS_AT_ONCE) throw new Error('a hit was a miss');
  };
  return {
    getBy64: { forMs: (ms) => keptFull(64, get, next, ms) },
    getBy1000: { forMs: (ms) => keptFull(1_000, get, next, ms) },
    getLatency: { forMs: (ms) => latency(getOne, ms) },
    setLatency: { forMs: (ms) => latency(setOne, ms) },
    ...(getMany && { getMany: { forMs: (ms) => oneByOne(getHundred, ms) } }),
  };
}

/** A window kept full: `callers` at once, each awaiting its own call before it makes the next. */
async function keptFull(callers, get, next, ms) {
  let count = 0;
  const window = { isOpen: true };
  const caller = async () => {
    while (window.isOpen) {
      const got = await get(`user:${next()}`);
      if (got === undefined || got === null) throw new Error('a hit was a miss');
      count += 1;
    }
  };
  const started = performance.now();
  const timer = setTimeout(() => {
    window.isOpen = false;
  }, ms);
  try {
    await Promise.all(Array.from({ length: callers }, caller));
  } finally {
    window.isOpen = false;
    clearTimeout(timer);
  }
  return { count, ms: performance.now() - started };
}

async function oneByOne(call, ms) {
  let count = 0;
  const started = performance.now();
  let now = started;
  while (now - started < ms) {
    await call();
    count += 1;
    now = performance.now();
  }
  return { count, ms: now - started };
}

/** The middle one of the calls' times, each awaited before the next is made. */
async function latency(call, ms) {
  const took = [];
  const started = performance.now();
  let before = started;
  while (before - started < ms) {
    await call();
    const after = performance.now();
    took.push(after - before);
    before = after;
  }
  const sorted = Float64Array.from(took).toSorted();
  return { p50: sorted[sorted.length >> 1] * 1_000 };
}

function foundIn(answer) {
  if (answer instanceof Map) return answer.size;
  const values = Array.isArray(answer) ? answer : Object.values(answer);
  return values.filter((value) => value !== undefined && value !== null).length;
}
