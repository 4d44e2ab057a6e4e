import { describe, expect, it } from '@jest/globals';
import { isWritten, sequencesOf, sourceOf } from './written-tests.js';

type Proof = readonly [defect: number, spec: string, title: string];

/**
 * Where each known defect of `@nestjs/cache-manager`'s interceptor that cannot happen here is proven. Each defect has a row
 * here or a reason below.
 */
const PROOFS: readonly Proof[] = [
  // One user's answer goes to another.
  [1, 'security-requests', 'gives no answer for one Authorization to another [W1 H1]'],
  [1, 'security-requests', 'gives none of theirs to who bears none, who may share a page [W1 H1]'],
  // What a serialising interceptor hides is shown on hits.
  [2, 'page-content', 'is what serialising interceptors within made of the value [W2]'],
  [2, 'page-content', 'hides on a hit what it hides on a miss [W2]'],
  [
    2,
    'peer-defects-correctness',
    'W2: a store that writes instances as bytes gives nothing away that a serialising interceptor hides',
  ],
  // Vary is ignored.
  [3, 'security-responses', 'keeps one page for each language [W3]'],
  [
    3,
    'security-responses',
    'gives no language to others as long as the answer has not said on what it depends [W3]',
  ],
  // The Cache-Control of the response is ignored.
  [4, 'security-responses', 'keeps no answer with Cache-Control: private [W4 H7 H5]'],
  [
    4,
    'peer-defects-correctness',
    'W4: an answer that says "private, no-store" is made anew for each client',
  ],
  // Versions of the API by header or media type are mixed up.
  [5, 'security-versions', 'have pages of their own for each version by %s [W5 K7]'],
  // The host is ignored.
  [6, 'security-keys', 'tells hosts apart [W6 K1]'],
  [6, 'security-versions', 'have pages of their own [W6]'],
  // Status, headers and content type are lost on a hit.
  [7, 'page-content', 'keeps status, headers and content type that were set at run time [W7]'],
  [7, 'page-content', 'is never made of a 404, which stays one [W7 H14]'],
  [
    7,
    'peer-defects-correctness',
    'W7: status, headers and content type of the first answer are those of the second',
  ],
  [
    7,
    'peer-defects-correctness',
    'W7: a 404 that was not thrown stays a 404, with a cookie of its own for each client',
  ],
  // Under @CacheKey() writing requests are answered from the cache and not carried out.
  [
    8,
    'security-requests',
    'runs the handler for each POST, whatever it says about its answer [W8 H16]',
  ],
  [8, 'security-requests', 'answers no DELETE from a page, @CacheKey() or not [W8 H16]'],
  // A fixed @CacheKey() answers every id, and skips pipes.
  [9, 'security-keys', 'completes @CacheKey() by parameters, query and host [W9]'],
  [9, 'hits', 'runs no pipes, and what they refuse is stored under no other URL [W9]'],
  // URLs and the keys of services meet.
  [10, 'security-store', 'serves nothing that a service stored [W10 T5]'],
  [
    10,
    'peer-defects-correctness',
    'W10: a route that matches any path serves no value that a service stored under that path',
  ],
  // Live objects are shared.
  [11, 'outer-interceptors', 'cannot write, change headers or status, or add to the answer [W11]'],
  [
    11,
    'peer-defects-correctness',
    'W11: what a service does to a value that it got changes nothing in the cache',
  ],
  // What was read before an invalidation is stored after it.
  [
    12,
    'peer-defects-races',
    'W12: what a handler read before the change is kept for nobody: %s, %s',
  ],
  [
    12,
    'peer-defects-races',
    'W12: what a handler read before a change elsewhere is kept for nobody: %s, %s',
  ],
  // Streams and web responses work once.
  [13, 'page-content', 'may be streamed: %s [W13]'],
  [13, 'page-content', 'keeps the headers of a file and of a web response [W13]'],
  [
    13,
    'peer-defects-kinds',
    'W13: a stream that a handler returns answers the third client as it did the first',
  ],
  // Server-sent events are cached.
  [14, 'page-content', 'is never made of server-sent events [W14]'],
  [14, 'page-content', 'is never made of an event stream that the handler writes itself [W14]'],
  [
    14,
    'peer-defects-kinds',
    'W14: each client of server-sent events gets all of them, also one that comes in between',
  ],
  // Each value of an Observable is stored.
  [15, 'page-content', 'is what was sent of an Observable of several values [W15]'],
  // Null, undefined and what a handler sends itself are never hits.
  [16, 'page-content', 'may be made of a handler that returns %s [W16]'],
  [16, 'page-content', 'may be sent by the handler itself [W16]'],
  // Bytes become JSON.
  [17, 'page-content', 'keeps bytes as bytes [W17]'],
  [17, 'peer-defects-kinds', 'W17: bytes from a handler are the same on a hit as on a miss: %s'],
  // HEAD runs the handler.
  [18, 'hits', 'answers HEAD from the page of GET, with its length and no body [W18 H17]'],
  // Every query of GraphQL fails under a global interceptor, and none is ever a hit.
  [
    19,
    'e2e/contexts/graphql-same',
    'answers every operation as it does without the interceptor, which stands %s [W19 W36]',
  ],
  [19, 'e2e/contexts/graphql-hits', 'runs once for each key, under an interceptor %s [W19]'],
  [
    19,
    'peer-defects-contexts',
    'W19: every root query answers, and runs each time unless it asks for more',
  ],
  [
    19,
    'peer-defects-contexts',
    'W19: a root query that makes a key of its arguments runs once for each of them',
  ],
  // Messages are promised hits that never come; here they are carried out, each of them.
  [
    20,
    'e2e/contexts/hybrid',
    'answers and hears everything as it does without the interceptor, which stands %s [W14 W20 W21]',
  ],
  [
    20,
    'e2e/contexts/gateway',
    'answers every message as it does without the interceptor, which stands %s [W20]',
  ],
  [20, 'peer-defects-contexts', 'W20: every message to a hybrid application is carried out: %s'],
  [20, 'peer-defects-contexts', 'W20: every message to a WebSocket gateway is carried out: %s'],
  // What a message bears is not in its key.
  [
    21,
    'e2e/contexts/hybrid',
    'runs the handler of each message, with what the message bears [W20 W21]',
  ],
  [
    21,
    'peer-defects-contexts',
    'W21: no message is answered with what another message with other data got: %s',
  ],
  // A cache that is down takes the route down.
  [22, 'failures', 'and %s leaves the handler to answer [W22 W26 W30]'],
  [
    22,
    'peer-defects-failure',
    'W22: a route answers though nobody listens where the cache should be',
  ],
  [
    22,
    'peer-defects-failure',
    'W22: a route answers though the server of the cache takes connections and never says a word',
  ],
  // Nobody waits for the page that another request makes.
  [23, 'one-run', 'run the handler once, and all get what it made [W23]'],
  // Refreshing ahead of time has no effect.
  [
    24,
    'peer-defects-freshness',
    'W24: a page past its time is sent at once and made anew in the background',
  ],
  // Entries are never bounded, and expired ones stay.
  [27, 'peer-defects-failure', 'W27: a flood of URLs takes no more room than the cache may have'],
  [27, 'peer-defects-failure', 'W27: pages that have expired make room for new ones'],
  // Without a timeout pages stay for ever.
  [28, 'lifetimes', '300 seconds by default [W28]'],
  // The answer is sent before the page can be found.
  [29, 'failures', 'has stored a page by the time that the client asks again [W29]'],
  // Errors of the store are invisible.
  [30, 'peer-defects-failure', 'W30: a store that fails is in the log and on the channel, for %s'],
  // Limits of a store turn the cache off without a word.
  [31, 'failures', 'keeps pages of any URL, however long [W31]'],
  [31, 'peer-defects-failure', 'W31: a URL longer than a key may be has a page: %s'],
  [
    31,
    'peer-defects-failure',
    'W31: a page larger than an item may be is sent whole, and the log says that it is not cached: %s',
  ],
  // Timeouts of 0, below 0, in words, by a function that throws.
  [32, 'lifetimes', 'is nothing with %s [W32]'],
  [32, 'lifetimes', 'is nothing if its function fails, which is logged once: %s [W32]'],
  [32, 'unit/http/cache-decorators', 'refuses %j at once [W32]'],
  [32, 'peer-defects-options', 'W32: a timeout in words lasts as long as it says'],
  [32, 'peer-defects-options', 'W32: a handler decides by its result how long the page lives'],
  // A key function that throws is a 500.
  [33, 'made-keys', 'leaves a request uncached if the function throws, which is logged once [W33]'],
  // @CacheKey() on a class is ignored.
  [
    34,
    'unit/http/cache-decorators',
    'refuses to stand on a class, and says where it belongs [W34]',
  ],
  [34, 'peer-defects-options', 'W34: a timeout on a class holds for its handlers'],
  // Interceptors on class and handler both run.
  [
    35,
    'outer-interceptors',
    'may be the same interceptor again, which then leaves the request to the first [W35]',
  ],
  [
    35,
    'peer-defects-options',
    'W35: a handler has its own timeout and key, whatever interceptors stand on class and handler',
  ],
  // Health checks are cached.
  [36, 'declaring', 'leaves routes alone that declare nothing [W36]'],
  [36, 'declaring', 'keeps health checks out of every cache under @NeverCache() [W36]'],
  // Clients are told neither how old a page is nor how long they may keep it, and what they ask for is not looked at.
  [
    37,
    'peer-defects-freshness',
    'W37: clients are told how old a page is, and how long they may keep it',
  ],
  [
    37,
    'peer-defects-freshness',
    'W37: a client that says no-cache gets the whole page from the cache, and takes it from nobody',
  ],
  // Options of the module are dropped.
  [
    38,
    'peer-defects-options',
    'W38: a cache by name has its own timeout, and pages are no entries of another',
  ],
  [38, 'peer-defects-options', 'W38: a prefix parts the entries of any backend'],
  [38, 'peer-defects-options', 'W38: a second registration is refused, not ignored'],
  // Loading never hits, and the time left is unknown.
  [
    39,
    'peer-defects-options',
    'W39: the cache that a route uses loads a value once, and knows how long it lives',
  ],
  // A store that is handed in is wrapped twice and not recognised.
  [
    40,
    'peer-defects-options',
    'W40: a backend that is handed in is used as it is, for pages and for services',
  ],
  // The interceptor needs the module's import in every module.
  [41, 'declaring', 'may be a module that imports nothing [W41]'],
  [41, 'peer-defects-options', 'W41: a module that imports nothing uses the interceptor'],
];

/** Defects of what this package does not have, so that there is nothing to prove. */
const NOT_APPLICABLE: readonly (readonly [defect: number, why: string])[] = [
  [25, 'a cache has one backend: there is no second tier from which a first one would be filled'],
  [26, 'a cache has one backend: no faster one answers for a slower one'],
];
describe('the known defects of another interceptor', () => {
  it.each(PROOFS)('W%d is proven in %s: %s', async (defect, spec, title) => {
    const places = [...sequencesOf(spec), await sourceOf(spec)].join('\n');

    expect(await isWritten(spec, title)).toBe(true);
    expect(places).toMatch(new RegExp(`\\bW${defect}\\b`));
  });

  it('stand in the list by their numbers', () => {
    const numbers = PROOFS.map(([defect]) => defect);

    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  });

  it('are all 41 proven, or have a reason why there is nothing to prove', () => {
    const proven = new Set(PROOFS.map(([defect]) => defect));
    const excused = NOT_APPLICABLE.map(([defect]) => defect);
    const all = Array.from({ length: 41 }, (_, index) => index + 1);

    expect(all.filter((defect) => !proven.has(defect))).toEqual(excused);
    expect(NOT_APPLICABLE.every(([, why]) => why.length > 20)).toBe(true);
  });

  it('have no test named after them that is not in the list', async () => {
    const listed = new Set(PROOFS.map(([, spec, title]) => `${spec}: ${title}`));
    const written: string[] = [];
    for (const spec of new Set(PROOFS.map(([, name]) => name))) {
      if (!spec.startsWith('peer-defects-')) continue;
      const source = await sourceOf(spec);
      for (const [, title] of source.matchAll(/'(W\d+: [^']+)'/g))
        written.push(`${spec}: ${title}`);
    }

    expect(written.filter((test) => !listed.has(test))).toEqual([]);
  });
});
