import type { ServerResponse } from 'node:http';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { tap, type Observable } from 'rxjs';
import { addHeadPatch, type HeadPatch } from './head-patches.js';
import { exchangeOf } from './http-exchange.js';
import { INTERCEPTORS } from './nest-metadata.js';
import type { PatchableResponse } from './response-headers.js';
import { ResponseRecorder } from './response-recorder.js';

/** Which answers of a route are changed. */
export interface PatchedAnswers {
  /** True: also those to errors that the handler throws. Default: false. */
  readonly toErrors?: boolean;
}

/** Changes the headers of a route's answers, pages from the cache among them, when their head is about to be written. */
export class ResponseHeadInterceptor implements NestInterceptor {
  readonly #patch: (response: PatchableResponse) => void;
  readonly #toErrors: boolean;
  /** Responses that it changes, or has changed. */
  readonly #attended = new WeakSet<ServerResponse>();

  constructor(
    patch: (response: PatchableResponse) => void,
    { toErrors = false }: PatchedAnswers = {},
  ) {
    this.#patch = patch;
    this.#toErrors = toErrors;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const exchange = exchangeOf(context);
    if (!exchange) return next.handle();
    const { response } = exchange;
    let hasFailed = false;
    this.#attended.add(response);
    patchHead(response, () => {
      if (!hasFailed || this.#toErrors) this.#patch(response);
    });
    return next.handle().pipe(
      tap({
        error: () => {
          hasFailed = true;
        },
      }),
    );
  }

  /** Makes the change to an answer that is given before this interceptor was asked; none if it was. */
  attend(response: ServerResponse): void {
    if (this.#attended.has(response)) return;
    this.#attended.add(response);
    patchHead(response, () => {
      this.#patch(response);
    });
  }
}

/** Makes the changes of all that stand on a route, in their order, to an answer in place of its handler's. */
export function attendAll(context: ExecutionContext, response: ServerResponse): void {
  for (const target of [context.getClass(), context.getHandler()]) {
    const all = Reflect.getMetadata(INTERCEPTORS, target) as readonly unknown[] | undefined;
    for (const one of all ?? []) {
      if (one instanceof ResponseHeadInterceptor) one.attend(response);
    }
  }
}

/** Makes a change to a response when its head is written, before any page of it is recorded. */
export function patchHead(response: ServerResponse, patch: HeadPatch): void {
  addHeadPatch(response, patch);
  // Only the head is observed, which makes the change if nobody else does before.
  void new ResponseRecorder(response, { beforeHead: ({ status }) => status }, 0);
}
