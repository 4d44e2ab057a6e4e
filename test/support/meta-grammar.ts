// What memcached's protocol.txt says each command may look like. A flag is a letter, with what may follow it.

const NUMBER = String.raw`\d{1,10}`;
const NUMBER_64 = String.raw`\d{1,20}`;
const OPAQUE = String.raw`[!-~]{1,32}`;

interface MetaCommandGrammar {
  /** What stands between the key and the flags. */
  readonly length: string;
  readonly flags: Readonly<Record<string, string>>;
}

const META: Readonly<Record<string, MetaCommandGrammar>> = {
  // "Meta Get"
  mg: { length: '', flags: { ...bare('b c f h k l q s t u v'), O: OPAQUE, ...seconds('N R T') } },
  // "Meta Set"
  ms: {
    length: ` ${NUMBER}`,
    flags: { ...bare('b c I k q'), C: NUMBER_64, F: NUMBER, O: OPAQUE, T: NUMBER, M: '[EAPRS]' },
  },
  // "Meta Delete"
  md: { length: '', flags: { ...bare('b I k q'), C: NUMBER_64, O: OPAQUE, T: NUMBER } },
  // "Meta Arithmetic"; that all commands take an opaque value is said under "Meta Get".
  ma: {
    length: '',
    flags: {
      ...bare('b q t c v'),
      ...seconds('N T'),
      C: NUMBER_64,
      J: NUMBER_64,
      D: NUMBER_64,
      M: '[I+D-]',
      O: OPAQUE,
    },
  },
};

// Those that take no flags, and the login of "Authentication".
const PLAIN = /^(mn|version|flush_all|stats( settings)?|set [!-~]+ \d+ -?\d+ \d+)$/;
const MOST_KEY_BYTES = 250;

/**
 * What is wrong with a command line by memcached's protocol text; undefined if nothing is.
 *
 * @param line Without its end.
 */
export function grammarFault(line: string): string | undefined {
  if (PLAIN.test(line)) return undefined;
  const [command, key, ...rest] = line.split(' ');
  const grammar = META[command!];
  if (grammar === undefined) return `there is no command like ${JSON.stringify(line)}`;
  // oxlint-disable-next-line no-control-regex -- these are what a key may not hold
  if (key === undefined || key === '' || /[\x00-\x20\x7f]/.test(key)) {
    return `no key in ${JSON.stringify(line)}`;
  }
  if (Buffer.byteLength(key) > MOST_KEY_BYTES) return `too long a key in ${JSON.stringify(line)}`;
  if (grammar.length !== '') {
    const length = rest.shift();
    if (!new RegExp(`^${grammar.length}$`).test(` ${length}`)) return `no length in "${line}"`;
  }
  const seen = new Set<string>();
  for (const flag of rest) {
    const letter = flag[0] ?? '';
    const token = grammar.flags[letter];
    if (token === undefined) return `"${command}" has no flag like "${flag}"`;
    if (!new RegExp(`^${token}$`).test(flag.slice(1))) return `no such token: "${flag}"`;
    if (seen.has(letter)) return `the flag "${letter}" twice in "${line}"`;
    seen.add(letter);
  }
  return undefined;
}

function bare(letters: string): Record<string, string> {
  return Object.fromEntries(letters.split(' ').map((letter) => [letter, '']));
}

function seconds(letters: string): Record<string, string> {
  return Object.fromEntries(letters.split(' ').map((letter) => [letter, NUMBER]));
}
