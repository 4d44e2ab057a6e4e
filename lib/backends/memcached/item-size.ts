import type { Payload } from '../../core/cache-backend.interface.js';

/** How large an item may be on a server that was not told otherwise with `-I`. */
export const DEFAULT_ITEM_BYTES = 1 << 20;

// The item's own fields, its CAS number, the end of the key and the end of the line. (memcached's item_make_header)
const OVERHEAD_BYTES = 48 + 8 + 1 + 2;
const FLAGS_BYTES = 4;

/** What an item takes on the server, as the server counts it against its limit. */
export function itemBytes(key: string, payload: Payload): number {
  const { data, flags } = payload;
  const valueBytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
  return OVERHEAD_BYTES + (flags === 0 ? 0 : FLAGS_BYTES) + Buffer.byteLength(key) + valueBytes;
}
