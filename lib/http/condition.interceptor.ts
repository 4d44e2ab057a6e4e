import {
  PreconditionFailedException,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { from, type Observable } from 'rxjs';
import { BODY_HEADERS, type Validators } from './conditional-request.js';
import { getConditionalStatus } from './conditional-response.js';
import { httpExchange, presetFields, type HttpExchange } from './http-exchange.js';
import { INERT_VALUE } from './inert-value.js';
import { makeInert } from './inert-writers.js';
import { ResponseRecorder } from './response-recorder.js';
import { isSafeMethod } from './unsafe-request.js';

/** Tells what is there now, before the handler runs. */
export interface ConditionOptions {
  /** The entity tag; without quotes it is put into them. Undefined: there is none. */
  readonly etag?: (
    context: ExecutionContext,
  ) => string | undefined | null | Promise<string | undefined | null>;
  /** When it was changed last. Undefined: that is not known. */
  readonly lastModified?: (
    context: ExecutionContext,
  ) => Date | undefined | null | Promise<Date | undefined | null>;
}

/** Answers 304 and 412 in place of the handler, and gives its answers the validators. */
export class ConditionInterceptor implements NestInterceptor {
  readonly #options: ConditionOptions;

  constructor(options: ConditionOptions) {
    this.#options = options;
  }

  /** @throws what the functions throw: without them it is not known whether a write is meant for what is there. */
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const exchange =
      context.getType() === 'http'
        ? httpExchange(context.getArgByIndex(0), context.getArgByIndex(1))
        : undefined;
    if (!exchange) return next.handle();
    const validators = await this.#validators(context);
    const { request, response } = exchange;
    const status = getConditionalStatus(request, validators);
    if (status === 412) throw new PreconditionFailedException();
    if (status === 304 && !response.headersSent) return answerUnchanged(exchange, validators);
    if (isSafeMethod(request.method)) addValidators(exchange, validators);
    return next.handle();
  }

  async #validators(context: ExecutionContext): Promise<Validators> {
    const [etag, modified] = await Promise.all([
      this.#options.etag?.(context),
      this.#options.lastModified?.(context),
    ]);
    return {
      etag: etag === undefined || etag === null ? undefined : quoted(etag),
      lastModified: modified?.toUTCString(),
    };
  }
}

function answerUnchanged(exchange: HttpExchange, validators: Validators): Observable<unknown> {
  const { response, framework } = exchange;
  if (framework !== response) {
    // Fastify keeps headers of its own, which would go out with its reply; that reply will not come.
    framework.hijack?.();
    for (const [name, value] of presetFields(exchange)) response.setHeader(name, value);
  }
  for (const name of BODY_HEADERS) response.removeHeader(name);
  for (const [name, value] of fieldsOfValidators(validators)) response.setHeader(name, value);
  response.writeHead(304).end();
  makeInert(response);
  if (framework !== response) makeInert(framework);
  return from([INERT_VALUE]);
}

/** Unless the answer has validators of its own. */
function addValidators({ response }: HttpExchange, validators: Validators): void {
  const beforeHead = ({ status }: { readonly status: number }): number => {
    if (status >= 200 && status < 300) {
      for (const [name, value] of fieldsOfValidators(validators)) {
        // Express has made a tag of the body by then; what the route itself says counts.
        if (name === 'ETag' || !response.hasHeader(name)) response.setHeader(name, value);
      }
    }
    return status;
  };
  // Only the head is observed.
  void new ResponseRecorder(response, { beforeHead }, 0);
}

function fieldsOfValidators({ etag, lastModified }: Validators): [string, string][] {
  return [
    ...(etag === undefined ? [] : [['ETag', etag] as [string, string]]),
    ...(lastModified === undefined ? [] : [['Last-Modified', lastModified] as [string, string]]),
  ];
}

function quoted(etag: string): string {
  return /^(?:W\/)?"[^"]*"$/.test(etag) ? etag : `"${etag}"`;
}
