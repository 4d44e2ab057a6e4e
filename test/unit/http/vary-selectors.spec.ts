import { describe, expect, it } from '@jest/globals';
import { cookie, header, query, user } from '../../../lib/http/vary-selectors.js';

const select = ({ id }: { id: number }): number => id;

describe('selectors of @VaryOn()', () => {
  it('name a part of the request', () => {
    expect(header('Accept-Language')).toEqual({ kind: 'header', name: 'accept-language' });
    expect(cookie('Currency')).toEqual({ kind: 'cookie', name: 'Currency' });
    expect(query('page')).toEqual({ kind: 'query', name: 'page' });
    expect(user(select)).toEqual({ kind: 'user', select });
  });

  it.each([[''], ['a b'], ['a\r\nb'], ['a:b'], ['ä'], ['a=b'], ['a;b'], [1], [undefined], [null]])(
    'refuse %j as the name of a header and of a cookie',
    (name) => {
      expect(() => header(name as string)).toThrow(TypeError);
      expect(() => cookie(name as string)).toThrow(TypeError);
    },
  );

  it.each([[1], [undefined], [['page']], ['']])('refuse %j as the name of a parameter', (name) => {
    expect(() => query(name as string)).toThrow(TypeError);
  });

  it.each([['id'], [undefined], [{}]])('refuse %j in place of what picks a user', (picks) => {
    expect(() => user(picks as never)).toThrow(
      /^user\(\) needs a function that picks what tells users apart/,
    );
  });

  it('take names that objects have by themselves', () => {
    expect(header('Constructor')).toEqual({ kind: 'header', name: 'constructor' });
    expect(cookie('__proto__')).toEqual({ kind: 'cookie', name: '__proto__' });
    expect(query('__proto__')).toEqual({ kind: 'query', name: '__proto__' });
  });
});
