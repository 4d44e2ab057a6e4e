import type { ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.js';
import { ResponseRecorder } from './response-recorder.js';

const NEVER = 'max-age=0, no-cache, no-store, must-revalidate, private';

/**
 * Makes a response say that no cache may keep it, whatever it says itself.
 *
 * @see Django, django.utils.cache.add_never_cache_headers()
 */
export function forbidCaching(response: ServerResponse, clock: Clock): void {
  const beforeHead = ({ status }: { readonly status: number }): number => {
    response.setHeader('Cache-Control', NEVER);
    response.setHeader('Expires', new Date(clock.now()).toUTCString());
    response.setHeader('X-Cache', 'BYPASS');
    return status;
  };
  // Only the head is observed.
  void new ResponseRecorder(response, { beforeHead }, 0);
}
