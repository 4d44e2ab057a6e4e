import type { Payload } from '../core/cache-backend.interface.js';
import {
  FLAG_BYTES,
  FLAG_EMPTY_BYTES,
  FLAG_ENVELOPE,
  FLAG_INTEGER,
  FLAG_JSON,
  FLAG_PAGE,
  FLAG_PICKLE,
  FLAG_TAGGED_JSON,
  FLAG_TEXT,
  FLAG_ZLIB,
} from '../core/payload-flags.js';
import { expectEqual, expectTrue } from './assertions.js';

/** A payload of text. */
export function text(data: string): Payload {
  return { flags: FLAG_TEXT, data };
}

/** A payload of bytes. */
export function bytes(data: Buffer): Payload {
  return { flags: FLAG_BYTES, data };
}

/** A payload of digits, as an integer is kept. */
export function digits(value: number | bigint): Payload {
  return { flags: FLAG_INTEGER, data: String(value) };
}

/** Payloads that a backend must give back as they are, by what is special about them. */
export const SAMPLES: Readonly<Record<string, Payload>> = {
  text: text('zhiliao'),
  'text beyond ASCII': text('naïve 清 😀 é e\u0301 \u2028'),
  'text with line ends, NUL and what looks like a reply': text(
    'a\r\nEND\r\nVALUE x 0 1\r\n\0\u007f',
  ),
  'empty text': text(''),
  'text of digits': text('42'),
  'text of blanks': text('  \t '),
  bytes: bytes(Buffer.from([0, 255, 128, 13, 10, 0])),
  'every byte': bytes(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))),
  'empty bytes': { flags: FLAG_EMPTY_BYTES, data: '' },
  'bytes of digits': bytes(Buffer.from('42')),
  'an integer': digits(42),
  'a negative integer': digits(-7),
  'an integer beyond 64 bits': digits(10n ** 30n),
  JSON: { flags: FLAG_JSON, data: '{"a":[1,null,"b"]}' },
  'tagged JSON': { flags: FLAG_TAGGED_JSON, data: '{"a":["$","d",0]}' },
  'a page': { flags: FLAG_PAGE, data: Buffer.from('200\n\nhello') },
  'a value with tags': { flags: FLAG_ENVELOPE, data: Buffer.from([1, 0, 0, 255, 13, 10]) },
  'a pickle': { flags: FLAG_PICKLE, data: Buffer.from([0x80, 5, 0x4e, 0x2e]) },
  'compressed text': { flags: FLAG_TEXT | FLAG_ZLIB, data: Buffer.from([0x78, 0x9c, 3, 0]) },
};

/** Demands that a payload came back with its flags and its bytes. Text may come back as its UTF-8 bytes. */
export function expectPayload(actual: Payload | undefined, expected: Payload, what: string): void {
  expectTrue(actual !== undefined, `${what} is there`);
  expectEqual(actual!.flags, expected.flags, `the flags of ${what}`);
  const same = Buffer.from(actual!.data as string).equals(Buffer.from(expected.data as string));
  if (!same) expectEqual(shown(actual!), shown(expected), `the data of ${what}`);
}

function shown({ data }: Payload): string {
  return data.length > 200 ? `${data.length} long` : Buffer.from(data as string).toString('latin1');
}
