import { describe, expect, it } from '@jest/globals';
import { json } from '../../../lib/serializers/json/index.js';
import { messageOf } from './round-trip.js';

class User {
  name = 'Ada';
}

describe('json() refuses', () => {
  it.each<[string, unknown, string]>([
    ['a function', { user: { tags: [0, 1, 2, () => 1] } }, '$.user.tags[3] is a function.'],
    ['a class', { type: User }, '$.type is a function.'],
    ['a symbol', ['a', Symbol('x')], '$[1] is a symbol.'],
    ['a symbol as a key', { a: { [Symbol('x')]: 1 } }, '$.a has the symbol Symbol(x) as a key.'],
    ['a promise', { a: Promise.resolve(1) }, '$.a is a promise. Await it first.'],
    ['a WeakMap', [new WeakMap()], '$[0] is an instance of WeakMap'],
    ['a boxed number', Object(5), '$ is an instance of Number'],
    ['a DataView', new DataView(new ArrayBuffer(1)), '$ is an instance of DataView'],
    ['shared memory', new SharedArrayBuffer(1), '$ is an instance of SharedArrayBuffer'],
    ['a key that needs quotes', { 'a b': { 'x"': () => 1 } }, '$["a b"]["x\\""] is a function.'],
    ['inside a Map', new Map([['k', [Symbol('x')]]]), '$.get("k")[0] is a symbol.'],
    ['under an odd key of a Map', new Map([[{}, () => 1]]), '$.values()[0] is a function.'],
    ['as the key of a Map', new Map([[User, 1]]), '$.keys()[0] is a function.'],
    ['inside a Set', new Set([1, () => 1]), '$.values()[1] is a function.'],
    ['inside an error', Object.assign(new Error('x'), { retry() {} }), '$.retry is a function.'],
    ['as a cause', new Error('x', { cause: () => 1 }), '$.cause is a function.'],
    ['undefined', undefined, '$ is undefined. Store null instead.'],
    ['an heir of another object', { a: Object.create({ b: 1 }) }, '$.a inherits from another'],
  ])('%s, naming where it is', (_title, value, message) => {
    expect(() => json().serialize(value)).toThrow(
      expect.objectContaining({
        name: 'CacheSerializationError',
        code: 'CACHE_NOT_SERIALIZABLE',
        message: expect.stringContaining(`The value cannot be stored as JSON: ${message}`),
      }),
    );
  });

  it('an instance of a class, naming path, class and the ways out', () => {
    const message = messageOf(() => json().serialize({ users: [new User()] }));

    expect(message).toBe(
      "The value cannot be stored as JSON: $.users[0] is an instance of User, which would not come back as one. Pass { type: User } at the call if it is the value itself or an item of the list, describe the class in json({ types: [{ name, is, encode, decode }] }), or take plain data back with json({ instances: 'plain' }).",
    );
  });

  it.each<[string, unknown, string]>([
    ['with a toJSON', new (class Price { toJSON() { return 1; } })(), 'Price'], // prettier-ignore
    ['of a subclass of Map', new (class Index extends Map {})(), 'Index'],
    ['of a subclass of Date', new (class Day extends Date {})(), 'Day'],
    ['of a subclass of Array', new (class Rows extends Array {})(), 'Rows'],
    ['of a subclass of Error', new (class HttpError extends Error {})(), 'HttpError'],
    ['of a subclass of Buffer', new (class Blob2 extends Uint8Array {})(), 'Blob2'],
    ['of a class without a name', new (class {})(), 'an unnamed class'],
  ])('an instance %s', (_title, value, name) => {
    expect(messageOf(() => json().serialize(value))).toContain(
      `$ is an instance of ${name}, which`,
    );
  });

  it('what is circular', () => {
    const parent = { children: [] as unknown[] };
    parent.children.push({ parent });

    expect(messageOf(() => json().serialize({ parent }))).toBe(
      'The value cannot be stored as JSON: $.parent.children[0].parent is circular: it is one of the objects that contain it.',
    );
  });

  it('what is circular beside much data, at once', () => {
    const value: Record<string, unknown> = { list: Array.from({ length: 10_000 }, (_, i) => i) };
    value['self'] = value;
    let reads = 0;
    Object.defineProperty(value, 'counted', { enumerable: true, get: () => (reads += 1) });

    expect(messageOf(() => json().serialize(value))).toContain('$.self is circular');
    expect(reads).toBeLessThanOrEqual(1);
  });

  it('nothing for the same object at two places', () => {
    const shared = { a: NaN };

    expect(json().deserialize(json().serialize([shared, shared]))).toStrictEqual([shared, shared]);
  });

  it('a list with many holes', () => {
    const list: number[] = [];
    list[4_000_000_000] = 1;

    expect(messageOf(() => json().serialize(list))).toContain(
      '$ is a list with more than 10000 holes. Use a Map.',
    );
  });

  it('a value whose getter throws, with the error as the cause', () => {
    const cause = new Error('not loaded.');
    const value = {
      get lazy(): never {
        throw cause;
      },
    };

    expect(() => json().serialize(value)).toThrow(
      expect.objectContaining({
        code: 'CACHE_NOT_SERIALIZABLE',
        cause,
        message: 'The value cannot be stored as JSON, because reading it failed: not loaded.',
      }),
    );
  });

  it('a long path in its middle', () => {
    const value = { ['k'.repeat(500)]: { list: Array.from({ length: 3 }, () => () => 1) } };

    const message = messageOf(() => json().serialize(value));

    expect(message).toMatch(/\$\.k{59}…\.list\[0\] is a function/);
  });
});
