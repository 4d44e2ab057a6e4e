import type { Payload } from '../../core/cache-backend.interface.js';
import { Envelope } from '../../core/envelope.js';
import { TreePayload } from '../../core/tree-payload.js';

// Measured on Node 20: what an entry takes besides the bytes of its key and its value.
const ENTRY_BYTES = 200;
const BUFFER_BYTES = 180;
const HEAD_BYTES = 150;
const STAMP_BYTES = 80;
// Digits of a counter may come and go without a change of size.
const LEAST_TEXT_BYTES = 24;

/** About how many bytes of memory an entry takes: its key, its payload, what is remembered on it, and what is around. */
export function entrySize(key: string, payload: Payload): number {
  if (payload instanceof TreePayload) return ENTRY_BYTES + 2 * key.length + payload.bytes;
  if (payload instanceof Envelope) return entrySize(key, payload.inner) + headSize(payload);
  const { data } = payload;
  const bytes =
    typeof data === 'string'
      ? Math.max(LEAST_TEXT_BYTES, textSize(data))
      : data.byteLength + BUFFER_BYTES;
  // The codec remembers the decoded value on the payloads that have room for it.
  // Two bytes a character at most: to count them exactly takes longer than it is worth on each set.
  return ENTRY_BYTES + 2 * key.length + ('memo' in payload ? 2 * bytes : bytes);
}

function headSize({ head }: Envelope): number {
  let size = HEAD_BYTES;
  // One key serves all entries that bear the tag here; those that were read from bytes have their own, so it counts.
  for (const stamp of head.stamps) size += STAMP_BYTES + stamp.key.length + stamp.text.length;
  return size;
}

// V8 keeps a text in one byte a character, or in two if one of them needs it.
function textSize(text: string): number {
  const { length } = text;
  return Buffer.byteLength(text) === length ? length : 2 * length;
}
