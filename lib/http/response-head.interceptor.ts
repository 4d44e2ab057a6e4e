import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { httpExchange } from './http-exchange.js';
import type { PatchableResponse } from './response-headers.js';
import { ResponseRecorder } from './response-recorder.js';

/** Changes the headers of a route's answers, pages from the cache among them, when their head is about to be written. */
export class ResponseHeadInterceptor implements NestInterceptor {
  readonly #patch: (response: PatchableResponse) => void;

  constructor(patch: (response: PatchableResponse) => void) {
    this.#patch = patch;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const exchange =
      context.getType() === 'http'
        ? httpExchange(context.getArgByIndex(0), context.getArgByIndex(1))
        : undefined;
    if (exchange) {
      const beforeHead = ({ status }: { readonly status: number }): number => {
        this.#patch(exchange.response);
        return status;
      };
      // Only the head is observed.
      void new ResponseRecorder(exchange.response, { beforeHead }, 0);
    }
    return next.handle();
  }
}
