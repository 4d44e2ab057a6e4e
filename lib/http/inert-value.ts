/**
 * What a hit hands to the interceptors outside, in place of the handler's value, which never came to be.
 *
 * Whatever they do with it works and changes nothing: every property and every call gives the value itself, it iterates
 * empty, it is no promise, and as text it is ''. The answer has been sent by then.
 */
export const INERT_VALUE: unknown = makeInertValue();

function makeInertValue(): unknown {
  const target = (): void => {};
  // Only what spreads to nothing looks like nothing.
  Reflect.deleteProperty(target, 'name');
  Reflect.deleteProperty(target, 'length');
  const inert: unknown = new Proxy(target, {
    get: (_target, name) => {
      if (name === Symbol.iterator) return emptyIterator;
      if (name === Symbol.toPrimitive) return toPrimitive;
      return typeof name === 'symbol' || name === 'then' ? undefined : inert;
    },
    set: () => true,
    deleteProperty: () => true,
    apply: () => inert,
  });
  return inert;
}

function emptyIterator(): Iterator<never> {
  return [][Symbol.iterator]();
}

function toPrimitive(hint: string): string | number {
  return hint === 'number' ? Number.NaN : '';
}
