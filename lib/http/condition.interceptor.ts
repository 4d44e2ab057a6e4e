import {
  PreconditionFailedException,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { from, type Observable } from 'rxjs';
import { CACHE_TTL_METADATA } from '../cache.constants.js';
import type { Ttl } from '../core/cache-backend.interface.js';
import { systemClock } from '../core/clock.js';
import { describe } from '../core/option-checks.js';
import { isDate, settleTimeout, type Timeout } from '../core/timeout.js';
import type { CacheTTLFunction } from '../decorators/cache-ttl.decorator.js';
import { isAttended } from './attended-exchanges.js';
import { addBrowserHeaders } from './browser-headers.js';
import { BODY_HEADERS, ENTITY_TAG, type Validators } from './conditional-request.js';
import { getConditionalStatus } from './conditional-response.js';
import { exchangeOf, presetFields, type HttpExchange } from './http-exchange.js';
import { INERT_VALUE } from './inert-value.js';
import { makeInert } from './inert-writers.js';
import { attendAll, patchHead } from './response-head.interceptor.js';
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

const reflector = new Reflector();
const TAG = new RegExp(`^${ENTITY_TAG.source}$`);

/** Answers 304 and 412 in place of the handler, and gives its answers the validators. */
export class ConditionInterceptor implements NestInterceptor {
  readonly #options: ConditionOptions;

  constructor(options: ConditionOptions) {
    this.#options = options;
  }

  /**
   * @throws what the functions throw: without them it is not known whether a write is meant for what is there.
   * @throws {TypeError} if one gives what cannot be sent.
   */
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const exchange = exchangeOf(context);
    if (!exchange) return next.handle();
    const validators = await this.#validators(context);
    const { request, response } = exchange;
    const status = getConditionalStatus(request, validators);
    if (status === 412) throw new PreconditionFailedException();
    if (status === 304 && !response.headersSent) {
      // Whatever the order of the decorators, it bears what the 200 would. (RFC 9110, 15.4.5)
      attendAll(context, response);
      await limitLifetimes(context, exchange);
      // A timeout of the framework may have answered meanwhile.
      if (!response.headersSent) return answerUnchanged(exchange, validators);
    }
    if (isSafeMethod(request.method)) addValidators(exchange, validators);
    return next.handle();
  }

  async #validators(context: ExecutionContext): Promise<Validators> {
    const [etag, modified] = await Promise.all([
      this.#options.etag?.(context),
      this.#options.lastModified?.(context),
    ]);
    return {
      etag: isGiven(etag) ? quoted(etag) : undefined,
      lastModified: isGiven(modified) ? dated(modified) : undefined,
    };
  }
}

function isGiven<T>(value: T | undefined | null): value is T {
  return value !== undefined && value !== null;
}

/**
 * What a 304 says of a page takes the place of what its holder was told, so it grants no more than the page would: not longer
 * than the page lives here, and nothing where nothing is granted.
 */
async function limitLifetimes(context: ExecutionContext, exchange: HttpExchange): Promise<void> {
  const timeout = reflector.getAllAndOverride<Timeout | CacheTTLFunction | undefined>(
    CACHE_TTL_METADATA,
    [context.getHandler(), context.getClass()],
  );
  if (timeout === undefined && !isAttended(exchange)) return;
  const routeTtl = await settled(timeout, context);
  const { response } = exchange;
  patchHead(response, () => {
    if (!response.hasHeader('Cache-Control')) return;
    const rules = { routeTtl, browserMaxAge: 0, sMaxAge: undefined, isPersonal: false };
    addBrowserHeaders(response, routeTtl ?? null, rules, systemClock);
  });
}

/** Undefined if it is not known, or if no page lives; answers are left as they are then. */
async function settled(
  timeout: Timeout | CacheTTLFunction | undefined,
  context: ExecutionContext,
): Promise<Ttl | undefined> {
  if (timeout === undefined) return undefined;
  try {
    const given = typeof timeout === 'function' ? await timeout(context) : timeout;
    const ttl = settleTimeout(given, () => systemClock.now());
    return ttl === 0 ? undefined : ttl;
  } catch {
    return undefined;
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

/** What the route says of a state counts over the tag that Express has made of a body. */
function addValidators({ response }: HttpExchange, validators: Validators): void {
  patchHead(response, (status) => {
    if (status < 200 || status > 299) return;
    for (const [name, value] of fieldsOfValidators(validators)) {
      if (name === 'ETag' || !response.hasHeader(name)) response.setHeader(name, value);
    }
  });
}

function fieldsOfValidators({ etag, lastModified }: Validators): [string, string][] {
  return [
    ...(etag === undefined ? [] : [['ETag', etag] as [string, string]]),
    ...(lastModified === undefined ? [] : [['Last-Modified', lastModified] as [string, string]]),
  ];
}

/** @throws {TypeError} for a text that cannot be an entity tag, which would be compared as something else than it is. */
function quoted(etag: unknown): string {
  const tag = typeof etag === 'string' && !/^(?:W\/)?"/.test(etag) ? `"${etag}"` : etag;
  if (typeof tag === 'string' && TAG.test(tag)) return tag;
  throw new TypeError(
    `"etag" of @Condition() must give a text without blanks and quotes, or a whole entity tag, but gave ${describe(etag)}.`,
  );
}

function dated(modified: unknown): string {
  if (isDate(modified) && !Number.isNaN(modified.getTime())) return modified.toUTCString();
  throw new TypeError(
    `"lastModified" of @Condition() must give a valid Date, but gave ${describe(modified)}.`,
  );
}
