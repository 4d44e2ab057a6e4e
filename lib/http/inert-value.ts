// Only a function can be called through a proxy, and only an arrow function has no property that cannot be removed.
const NOTHING = (): void => {};
Reflect.deleteProperty(NOTHING, 'name');
Reflect.deleteProperty(NOTHING, 'length');

// Who finds one of these takes it for a promise, an Observable or a scheduler, and waits for what never comes.
const AWAITED = new Set(['then', 'subscribe', 'lift', 'schedule', '@@observable']);

/**
 * What a hit hands to the interceptors outside, in place of the handler's value, which never came to be.
 *
 * Whatever they do with it works and changes nothing: every property and every call gives the value itself, it iterates
 * and spreads to nothing, it is no promise and no Observable, and as text it is ''. The answer has been sent by then.
 */
export const INERT_VALUE: unknown = new Proxy(NOTHING, {
  get: (_target, name) => {
    if (name === Symbol.iterator) return emptyIterator;
    if (name === Symbol.toPrimitive) return toPrimitive;
    return typeof name === 'symbol' || AWAITED.has(name) ? undefined : INERT_VALUE;
  },
  set: () => true,
  deleteProperty: () => true,
  apply: () => INERT_VALUE,
});

function emptyIterator(): Iterator<never> {
  return [][Symbol.iterator]();
}

function toPrimitive(hint: string): string | number {
  return hint === 'number' ? Number.NaN : '';
}
