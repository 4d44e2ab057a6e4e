import type { ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.js';
import { addNeverCacheHeaders } from './response-headers.js';
import { ResponseRecorder } from './response-recorder.js';

const forbidden = new WeakSet<ServerResponse>();

/**
 * Makes a response say, when its head is sent, that no cache may keep it, whatever it says itself. Once is enough: further
 * calls do nothing.
 */
export function forbidCaching(response: ServerResponse, clock: Clock): void {
  if (forbidden.has(response)) return;
  forbidden.add(response);
  const beforeHead = ({ status }: { readonly status: number }): number => {
    for (const name of ['Cache-Control', 'Expires']) response.removeHeader(name);
    addNeverCacheHeaders(response, clock);
    response.setHeader('X-Cache', 'BYPASS');
    return status;
  };
  // Only the head is observed.
  void new ResponseRecorder(response, { beforeHead }, 0);
}
