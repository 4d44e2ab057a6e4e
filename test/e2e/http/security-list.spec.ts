import { describe, expect, it } from '@jest/globals';
import { isWritten, sequencesOf, sourceOf } from './written-tests.js';

type Proof = readonly [row: string, spec: string, title: string];

/**
 * The rules for a response cache that can be executed: S0 the structure, H what may be kept, K the key, V what is given, and
 * those of T, the store, that apply to pages.
 */
const ROWS = [
  'S0',
  ...Array.from({ length: 22 }, (_, index) => `H${index + 1}`),
  ...Array.from({ length: 9 }, (_, index) => `K${index + 1}`),
  ...Array.from({ length: 8 }, (_, index) => `V${index + 1}`),
  ...[1, 5, 7, 8, 9, 10, 12, 13, 14, 15, 16].map((number) => `T${number}`),
];

/** What waits for a feature that is not there yet. */
const OPEN: readonly (readonly [row: string, what: string])[] = [
  ['S0', 'a strict mode, in which a handler sees no header that is not in the key'],
  ['H21', 'only-if-cached without a page is 504 in the profile rfc'],
];

/** Where each row is proven. Sequences of `security-*` run on each framework and backend, with one client and with twenty. */
const PROOFS: readonly Proof[] = [
  ['S0', 'security-requests', 'neither keeps nor gives a page where X-Original-URL is sent [S0]'],
  ['S0', 'security-requests', 'neither keeps nor gives a page where X-Rewrite-URL is sent [S0]'],
  ['S0', 'security-keys', 'keeps what was made with X-Forwarded-Proto apart [S0 K2]'],
  ['S0', 'security-keys', 'keeps what was made with X-Host apart [S0 K2]'],
  ['S0', 'unkeyed-headers', 'is warned of once for each route and header'],
  ['H1', 'security-requests', 'gives no answer for one Authorization to another [W1 H1]'],
  [
    'H1',
    'security-requests',
    'gives none of theirs to who bears none, who may share a page [W1 H1]',
  ],
  ['H1', 'security-requests', 'gives who bears an API key an answer of their own [H1]'],
  ['H2', 'security-requests', 'takes an empty Authorization for one [H2]'],
  ['H2', 'security-requests', 'takes two Authorizations for one [H2]'],
  ['H3', 'security-requests', 'gives who bears a cookie an answer of their own [H3]'],
  ['H3', 'security-requests', 'takes an empty Cookie for one [H3]'],
  [
    'H3',
    'security-requests',
    'gives no session to another that was made for one who came with a cookie [H3]',
  ],
  ['H4', 'security-responses', 'keeps no answer with Set-Cookie: sid=%run [H4]'],
  [
    'H4',
    'security-responses',
    'keeps no answer with Cache-Control: max-age=60 and Set-Cookie: sid=%run [H4]',
  ],
  [
    'H5',
    'security-responses',
    'keeps no answer with Cache-Control: max-age=60 and Set-Cookie: sid=%run and Vary: Cookie [H4 H5]',
  ],
  ['H5', 'security-responses', 'keeps no answer with Cache-Control: private [W4 H7 H5]'],
  ['H5', 'one-run', 'get a cookie of their own each, and do not wait for each other the next time'],
  ['H6', 'security-responses', 'keeps no answer with Cache-Control: NO-STORE [H6]'],
  ['H6', 'security-responses', 'keeps no answer with Cache-Control: max-age=60 , no-store [H6]'],
  [
    'H6',
    'security-responses',
    'keeps no answer with Cache-Control: max-age=60 and Cache-Control: no-store [H6]',
  ],
  ['H6', 'security-requests', 'keeps nothing for a request that says no-store [H6]'],
  ...['Private', 'private="x"', 'private=""', 'private , private="a"']
    .concat(['private = "authorization"', 'private=" authorization"'])
    .map((said): Proof => [
      'H7',
      'security-responses',
      `keeps no answer with Cache-Control: ${said} [H7]`,
    ]),
  ['H8', 'security-responses', 'keeps no answer with Cache-Control: no-cache, max-age=60 [H8]'],
  ['H8', 'security-responses', 'keeps no answer with Cache-Control: no-cache="a", max-age=60 [H8]'],
  ...[
    'max-age=abc',
    'max-age=-1',
    'max-age="60"',
    'max-age=60, max-age=0',
    'no-cache="a, no-store',
  ].map((said): Proof => [
    'H9',
    'security-responses',
    `keeps no answer with Cache-Control: ${said} [H9]`,
  ]),
  [
    'H10',
    'security-responses',
    'keeps no answer with Vary: Accept, * and Cache-Control: max-age=60 [H10]',
  ],
  [
    'H11',
    'security-requests',
    'gives no answer that varies on Authorization or Cookie to another [H11]',
  ],
  [
    'H12',
    'security-responses',
    'keeps no answer with Vary: co okie and Cache-Control: max-age=60 [H12]',
  ],
  ['H12', 'security-responses', 'tells apart values under a name with blanks around it [H12 H13]'],
  [
    'H13',
    'security-responses',
    'tells apart a header that is missing from one that is empty [H12 H13]',
  ],
  ['H13', 'security-responses', 'tells apart ab and c from a and bc [H12 H13]'],
  ['H13', 'security-responses', 'tells apart a value here from a value there [H12 H13]'],
  ['H13', 'security-responses', 'tells apart one line from two [H12 H13]'],
  ...[206, 302, 401, 403, 404, 431, 500].map((status): Proof => [
    'H14',
    'security-responses',
    `keeps no answer of status ${status} [H14]`,
  ]),
  [
    'H14',
    'security-responses',
    'gives nobody the error that the head of another brought about [H14]',
  ],
  [
    'H15',
    'security-requests',
    'keeps no part for the whole that the handler answered with 200 [H15]',
  ],
  [
    'H15',
    'security-requests',
    'keeps no part for the whole that the handler answered with 206 [H15]',
  ],
  [
    'H16',
    'security-requests',
    'runs the handler for each POST, whatever it says about its answer [W8 H16]',
  ],
  [
    'H16',
    'security-requests',
    'neither keeps nor gives a page where X-HTTP-Method-Override is sent [H16]',
  ],
  ['H17', 'security-requests', 'leaves no empty page after HEAD [H17]'],
  [
    'H17',
    'security-requests',
    'leaves no empty page after HEAD of a stream, whose length nobody knows [H17]',
  ],
  ['H17', 'security-requests', 'answers HEAD from the page of GET [H17]'],
  ['H18', 'security-requests', 'gives nobody what a GET with a body has brought about [H18]'],
  ['H19', 'security-responses', 'keeps no answer that failed midway [H19]'],
  ['H19', 'security-responses', 'keeps no answer that is shorter than it announced [H19]'],
  [
    'H19',
    'security-responses',
    'keeps no answer that a handler ended when its stream failed [H19]',
  ],
  [
    'H19',
    'security-responses',
    'keeps no half of a page for those who ask after one who left [H19]',
  ],
  ['H20', 'security-requests', 'keeps the whole page of who asks with If-None-Match: * [H20]'],
  ['H20', 'security-requests', 'keeps no 412, and asks the handler each time with If-Match [H20]'],
  ['H21', 'security-requests', 'lets no client purge what others get [H21]'],
  ['H21', 'security-requests', 'runs the handler once, however often clients say no-cache [H21]'],
  [
    'H21',
    'security-requests',
    'makes a page for who asks with only-if-cached, as for all others [H21]',
  ],
  ['H22', 'security-requests', 'obeys a guard that refuses, though the page is there [H22]'],
  [
    'H22',
    'security-requests',
    'obeys a guard that refuses some of those who come before there is a page [H22]',
  ],
  ['K1', 'security-keys', 'tells hosts apart [W6 K1]'],
  ['K1', 'security-keys', 'takes a host for the same, however it is spelt [K1]'],
  ['K1', 'security-keys', 'gives nobody what was asked for with two hosts [K1]'],
  ['K2', 'security-keys', 'gives no answer that was made for a forwarded host to others [K2]'],
  ['K3', 'security-keys', 'takes the path as it stands, and believes no extension [K3]'],
  ['K3', 'security-keys', 'takes two spellings of a path for two pages [K3]'],
  ['K4', 'security-keys', 'takes the query as it stands [K4]'],
  ['K4', 'query-allow-list', 'hide nothing from a page that others get, with a parser %s: %s [K4]'],
  ['K5', 'unit/http/page-key', 'lists of parts made of the same few characters [K5]'],
  ['K5', 'security-keys', 'tells given keys apart to the last character [K5 K6]'],
  ['K6', 'security-keys', 'keeps and gives nothing where no key was given [K6]'],
  ['K6', 'security-keys', 'keeps and gives nothing where the function of the key throws [K6]'],
  ['K6', 'security-keys', 'keeps and gives nothing where the function of the key rejects [K6]'],
  ['K7', 'security-responses', 'keeps at most 32 pages of a URL, whatever the clients send [K7]'],
  ['K7', 'security-versions', 'have pages of their own for each version by %s [W5 K7]'],
  ['K7', 'vary-on', 'gives each value of a header a page, in whatever order decorators stand: %s'],
  ['K7', 'vary-on', 'tells apart everything that it was told'],
  ['K7', 'vary-on-users', 'are never another user’s'],
  ['K8', 'security-keys', 'tells two URLs apart that have the same MD5 [K8]'],
  ['K8', 'unit/http/page-key', 'is "page:" and a sha-256, the same each time [K8]'],
  ['K9', 'security-store', 'tells no log what was asked for and by whom [K9]'],
  ['K9', 'http-options', 'send Cache-Status, with why a page is not cached'],
  [
    'V1',
    'security-responses',
    'keeps nothing of a hop, of a connection, of a trace or of a limit [V1]',
  ],
  [
    'V1',
    'security-responses',
    'keeps no answer with WWW-Authenticate: Basic and Cache-Control: max-age=60 [V1]',
  ],
  ['V2', 'security-responses', 'gives each origin its own answer if the handler names one [V2]'],
  ['V2', 'hits', 'varies on what its own request and the page vary on [V2]'],
  ['V2', 'real-layers-cors', 'tells 20 origins at once each its own'],
  [
    'V3',
    'security-responses',
    "keeps no answer with Content-Security-Policy: script-src 'nonce-%run' and Cache-Control: max-age=60 [V3]",
  ],
  [
    'V4',
    'security-store',
    'takes an entry for none that comes back as a header value that splits the answer [V4]',
  ],
  [
    'V4',
    'security-store',
    'takes an entry for none that comes back as a status that there is not [V4]',
  ],
  [
    'V5',
    'security-responses',
    'says how old a page is, and never that it lives longer than it does [V5]',
  ],
  ['V5', 'hits', 'says how old it is, and keeps its date [V5]'],
  [
    'V6',
    'unsafe-methods',
    'removes the pages of its path if it succeeds, whatever their queries: %s [V6]',
  ],
  [
    'V6',
    'unsafe-methods',
    'removes those that its answer names in full, on its own host only [V6]',
  ],
  ['V7', 'stale-if-error', 'is never sent if it says %s [V7]'],
  ['V8', 'refresh-requests', 'bears nothing of the visitor but the host [V8]'],
  ['T1', 'security-store', 'reaches nothing but its own entries, whatever the path [T1 T8]'],
  ['T1', 'security-store', 'reaches nothing but its own entries, whatever the key [T1 T8]'],
  ['T5', 'security-store', 'gives back the bytes of a stored page as bytes [T5 T7]'],
  ['T5', 'security-store', 'gives back the bytes of a pickle as bytes [T5 T7]'],
  ['T5', 'security-store', 'serves nothing that a service stored [W10 T5]'],
  [
    'T5',
    'unit/http/page-store',
    'takes no value of a service for a page, whatever its bytes [W10 T5]',
  ],
  [
    'T7',
    'security-store',
    'touches no prototype, whatever path, query and headers are called [T7]',
  ],
  ['T8', 'security-store', 'reaches nothing but its own entries, whatever the path [T1 T8]'],
  [
    'T9',
    'security-store',
    'keeps pages where only their owner reads them, whatever the umask [T9]',
  ],
  ['T10', 'security-store', 'follows no link that lies where a page was [T10]'],
  [
    'T12',
    'security-store',
    'takes an entry for none that comes back as a head of 100,000 levels [T12]',
  ],
  ['T13', 'security-limits', 'takes no more entries than there may be, whoever asks [T13]'],
  [
    'T14',
    'security-limits',
    'reach who asks for them and push no other page out, for %d at once [T14]',
  ],
  ['T15', 'unit/http/page-key', 'is "page:" and a sha-256, the same each time [K8]'],
  ['T16', 'security-limits', 'have pages of their own, and clear no others: "%s" and "%s" [T16]'],
  [
    'T16',
    'security-store',
    'takes an entry for none that comes back as the key of another page [T16]',
  ],
];

describe('the rules for a response cache', () => {
  it.each(PROOFS)('%s is proven in %s: %s', async (_row, spec, title) => {
    expect(await isWritten(spec, title)).toBe(true);
  });

  it('are all proven, or open with their reason', () => {
    const known = new Set([...PROOFS, ...OPEN].map(([row]) => row));

    expect(ROWS.filter((row) => !known.has(row))).toEqual([]);
    expect([...known].filter((row) => !ROWS.includes(row))).toEqual([]);
  });

  it('have no sequence that names none of them', () => {
    const titles = ['requests', 'responses', 'keys', 'store'].flatMap((name) =>
      sequencesOf(`security-${name}`),
    );

    expect(titles.length).toBeGreaterThanOrEqual(150);
    expect(titles.filter((title) => !/ \[([WSHKVT]\d+ ?)+\]$/.test(title))).toEqual([]);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('are named by the tests in which they are proven', async () => {
    const strangers: string[] = [];
    for (const [row, spec, title] of PROOFS) {
      const isNamed = new RegExp(`\\b${row}\\b`).test(title);
      if (!isNamed && sequencesOf(spec).includes(title)) strangers.push(`${row}: ${title}`);
    }

    expect(strangers).toEqual([]);
    expect(await sourceOf('security-limits')).toContain('[T16]');
  });
});
