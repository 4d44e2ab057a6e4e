import { describe, expect, it } from '@jest/globals';
import { resolverCallOf, resolverContextOf, rootFieldOf } from '../../../lib/http/resolver-call.js';

const queryType = { name: 'Query' };
const query = {
  fieldName: 'cat',
  parentType: queryType,
  path: { prev: undefined, key: 'cat' },
  schema: { getQueryType: () => queryType },
  operation: { operation: 'query' },
};

const call = (info: unknown): string => resolverCallOf([undefined, {}, {}, info]);

describe('what a resolver was called for', () => {
  it('is a query at the root of one', () => {
    expect(call(query)).toBe('query');
  });

  it.each(['mutation', 'subscription'])('is a %s at the root of one', (operation) => {
    expect(call({ ...query, operation: { operation } })).toBe(operation);
  });

  it.each<[string, unknown]>([
    ['below the root', { ...query, path: { prev: { key: 'home' }, key: 'cat' } }],
    ['on another type than that of queries', { ...query, parentType: { name: 'Query' } }],
    ['in an operation of another kind', { ...query, operation: { operation: 'stream' } }],
    ['without a path', { ...query, path: undefined }],
    ['without an operation', { ...query, operation: undefined }],
    ['without a schema', { ...query, schema: undefined }],
    [
      'without a type, in a schema that has no queries',
      { operation: query.operation, path: {}, schema: { getQueryType: () => undefined } },
    ],
    ['without info', undefined],
    ['with something else as info', 'query'],
  ])('is a field %s', (_where, info) => {
    expect(call(info)).toBe('field');
  });

  it('is a field for a reference of a federation, which has no arguments', () => {
    expect(resolverCallOf([{ id: 1 }, {}, query])).toBe('field');
  });
});

describe('what a resolver was called with', () => {
  it('has the root field in the words of the schema', () => {
    expect(rootFieldOf([undefined, {}, {}, query])).toEqual(['Query', 'cat']);
  });

  it('has a context only if that is an object', () => {
    const shared = { req: {} };

    expect(resolverContextOf([undefined, {}, shared, query])).toBe(shared);
    expect(
      [undefined, null, 'context'].map((context) => resolverContextOf([0, {}, context])),
    ).toEqual([undefined, undefined, undefined]);
  });
});
