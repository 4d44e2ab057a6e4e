import { describe, expect, it } from '@jest/globals';
import { keyTag, pathTag, routeTag } from '../../../lib/http/page-tags.js';

describe('pathTag()', () => {
  it.each([
    '/news/7',
    '/news/7/',
    '/news/7//',
    '/news//7',
    '/News/7',
    '/%6eews/7',
    '/news%2F7',
    '/news/7?page=2',
    '/news/7#top',
    '/news/7;page=2',
    '/news/7%3Bpage=2',
    '/news/7/%3bpage=2',
    'http://a.example/news/7',
    'HTTPS://b.example:8080/news/7?x=1',
  ])('is one for what may be one path: %s', (url) => {
    expect(pathTag(url)).toBe(pathTag('/news/7'));
  });

  it.each(['/news', '/news/70', '/news/7/edit', '/', '/new%zz/7'])('is another for %s', (url) => {
    expect(pathTag(url)).not.toBe(pathTag('/news/7'));
  });

  it.each(['/', '', '//', '/?a=1', 'http://a.example', 'http://a.example/', 'http://a.example?a'])(
    'is that of the root for %j',
    (url) => {
      expect(pathTag(url)).toBe(pathTag('/'));
    },
  );

  it('is the same for a path in other letters, written out or not', () => {
    expect(pathTag('/caf%C3%A9')).toBe(pathTag('/café'));
    expect(pathTag('/CAF%c3%89')).toBe(pathTag('/café'));
  });

  it('takes what cannot be decoded as it stands', () => {
    expect(pathTag('/a%zz')).toBe(pathTag('/A%ZZ'));
    expect(pathTag('/a%zz')).not.toBe(pathTag('/a'));
  });
});

describe('tags of pages', () => {
  it('are never those of another kind, nor of the application', () => {
    const tags = [pathTag('/a'), routeTag('/a'), keyTag('/a'), '/a'];

    expect(new Set(tags).size).toBe(tags.length);
  });
});
