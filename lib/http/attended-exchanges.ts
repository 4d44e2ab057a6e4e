import type { HttpExchange } from './http-exchange.js';

const attended = new WeakSet<object>();

/**
 * True for the first who asks: where interceptors of this package stand on handler and class, or globally too, one attends to
 * an exchange and does it all.
 */
export function attend({ response }: HttpExchange): boolean {
  if (attended.has(response)) return false;
  attended.add(response);
  return true;
}

/** True if somebody attends to it already. */
export function isAttended({ response }: HttpExchange): boolean {
  return attended.has(response);
}
