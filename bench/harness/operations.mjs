/** What a contestant is made to do. Each loop is written out, so that nothing but the contestant is called in it. */
import { isDeepStrictEqual } from 'node:util';
import { freshText, askedOrder, valuesOf } from './samples.mjs';
import { packageCostsOf } from './package-costs.mjs';
import { pageLoadsOf } from './page-loads.mjs';
import { trafficOf } from './traffic.mjs';

const AT_ONCE = 16;
const CALLERS = 10_000;

/**
 * Fills the contestant with `size` entries (unless the job fills it itself), checks that it gives back what it was given,
 * and answers its operations by name: { run(count), batch? }, { forMs(ms) } or { once() }.
 */
export async function operationsOf(contestant, setup) {
  const { size, kind, fill = 'set', options = {}, ports } = setup;
  const values = valuesOf(kind);
  if (fill !== 'none') {
    const store = contestant.fill ?? contestant.set;
    for (let i = 0; i < size; i += AT_ONCE) {
      const until = Math.min(size, i + AT_ONCE);
      const batch = [];
      for (let n = i; n < until; n += 1) batch.push(store(keyOf(n), values[n % values.length]));
      await Promise.all(batch);
    }
    await contestant.filled?.();
    await checkAnswers(contestant, size, values, options.atCapacity);
  }
  return {
    ...(contestant.get && reads(contestant, size)),
    ...(contestant.set && writes(contestant, size, values)),
    ...(contestant.getOrSet && loads(contestant, size, values)),
    ...(ports && contestant.get && trafficOf(contestant, size, values)),
    ...(contestant.port && (await pageLoadsOf(contestant, setup))),
    ...(contestant.imports && packageCostsOf(contestant, setup)),
    heap: { once: () => heapPerEntry(contestant, size) },
  };
}

function keyOf(n) {
  return `user:${n}`;
}

/** A store that is full may have culled, but not most of it. */
async function checkAnswers({ get }, size, values, isFull = false) {
  let misses = 0;
  for (let n = 0; n < size; n += Math.ceil(size / 50)) {
    const got = await get(keyOf(n));
    if (got === undefined && isFull) {
      misses += 1;
      continue;
    }
    const expected = values[n % values.length];
    if (!isDeepStrictEqual(got, expected)) {
      throw new Error(`gave back ${JSON.stringify(got)?.slice(0, 200)} for ${keyOf(n)}`);
    }
  }
  if (misses > 30) throw new Error(`a full store lost ${misses} of 50 entries`);
}

function reads({ get }, size) {
  const order = askedOrder(size);
  let at = 0;
  return {
    get: {
      async run(count) {
        for (let i = 0; i < count; i += 1) {
          if (at === order.length) at = 0;
          if ((await get(`user:${order[at++]}`)) === undefined) throw new Error('a hit was a miss');
        }
      },
    },
    get16: {
      async run(count) {
        for (let i = 0; i < count; i += AT_ONCE) {
          const batch = [];
          for (let n = 0; n < AT_ONCE; n += 1) {
            if (at === order.length) at = 0;
            batch.push(get(`user:${order[at++]}`));
          }
          for (const got of await Promise.all(batch)) {
            if (got === undefined) throw new Error('a hit was a miss');
          }
        }
      },
    },
  };
}

function writes({ get, set }, size, values) {
  const order = askedOrder(size);
  let at = 0;
  let fresh = size;
  return {
    set: {
      async run(count) {
        for (let i = 0; i < count; i += 1) {
          if (at === order.length) at = 0;
          const n = order[at++];
          await set(`user:${n}`, values[n % values.length]);
        }
      },
    },
    mix: {
      async run(count) {
        for (let i = 0; i < count; i += 1) {
          if (at === order.length) at = 0;
          const n = order[at++];
          if (i % 10 === 0) await set(`user:${n}`, values[n % values.length]);
          else await get(`user:${n}`);
        }
      },
    },
    setNew: {
      async run(count) {
        for (let i = 0; i < count; i += 1) {
          fresh += 1;
          await set(`user:${fresh}`, values[fresh % values.length]);
        }
      },
    },
  };
}

function loads({ getOrSet }, size, values) {
  const order = askedOrder(size);
  let at = 0;
  let fresh = size;
  let shared = 0;
  return {
    getOrSetHit: {
      async run(count) {
        for (let i = 0; i < count; i += 1) {
          if (at === order.length) at = 0;
          await getOrSet(`user:${order[at++]}`, () => {
            throw new Error('a hit was loaded');
          });
        }
      },
    },
    getOrSetMiss: {
      async run(count) {
        for (let i = 0; i < count; i += 1) {
          fresh += 1;
          const value = values[fresh % values.length];
          await getOrSet(`user:${fresh}`, async () => value);
        }
      },
    },
    stampede: {
      batch: CALLERS,
      async run() {
        shared += 1;
        let loaded = 0;
        const load = async () => {
          loaded += 1;
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
          return values[0];
        };
        const callers = [];
        for (let i = 0; i < CALLERS; i += 1) callers.push(getOrSet(`shared:${shared}`, load));
        await Promise.all(callers);
        if (loaded !== 1) throw new Error(`loaded ${loaded} times for ${CALLERS} callers`);
      },
    },
  };
}

async function heapPerEntry({ set, limitBytes }, size) {
  const before = await settledBytes();
  for (let i = 0; i < size; i += 1) await set(`user:${i}`, freshText(i));
  const bytes = (await settledBytes()) - before;
  return { count: size, bytes, limitBytes };
}

async function settledBytes() {
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc();
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
