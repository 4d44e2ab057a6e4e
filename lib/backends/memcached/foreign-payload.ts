import type { Payload } from '../../core/cache-backend.interface.js';
import { FLAG_BYTES, FLAG_EMPTY_BYTES } from '../../core/payload-flags.js';

/** Who else uses a server. */
export interface Sharing {
  /** True: foreign clients use the same keys, so that no item is a lease and an empty one is a value. Default: false. */
  readonly foreignClients?: boolean;
}

/** The payload as foreign clients know it: empty bytes have no flags there. */
export function foreignPayload(payload: Payload): Payload {
  return payload.flags === FLAG_EMPTY_BYTES ? { flags: FLAG_BYTES, data: payload.data } : payload;
}
