import type { HttpAdapterHost } from '@nestjs/core';
import { httpExchange } from './http-exchange.js';
import type { Pages } from './pages.js';

type Next = (error?: unknown) => void;

/** Puts the look for early pages in front of the router, behind what the application itself has put there before. */
export function installEarlyPages({ early }: Pages, { httpAdapter }: HttpAdapterHost): void {
  const instance = httpAdapter?.getInstance<unknown>() as
    { addHook?(name: string, hook: unknown): unknown } | undefined;
  if (instance === undefined) return;
  // Fastify is told in any case, and goes no further with a reply that was hijacked.
  const isFastify = typeof instance.addHook === 'function';
  const answer = async (request: unknown, response: unknown, next: Next): Promise<void> => {
    try {
      const exchange = httpExchange(request, response);
      const isAnswered = exchange !== undefined && (await early.answer(exchange));
      if (isAnswered && !isFastify) return;
    } catch (error) {
      next(error);
      return;
    }
    next();
  };
  const layer = (request: unknown, response: unknown, next: Next): void => {
    if (early.isEmpty) next();
    else void answer(request, response, next);
  };
  if (isFastify) instance.addHook!('onRequest', layer);
  else httpAdapter.use(layer);
}
