import { UseInterceptors } from '@nestjs/common';
import { ConditionInterceptor, type ConditionOptions } from '../http/condition.interceptor.js';

/**
 * Answers conditional requests without running the handler: 304 for a GET or HEAD of what the client holds already, and 412
 * for a write that was meant for another state. Answers that are sent bear the validators.
 *
 * @param options `etag` and `lastModified`: functions of the ExecutionContext, asked before the handler runs.
 * @throws {TypeError} if there is neither.
 * @example @Condition({ etag: (context) => versionOf(context) })
 * @see Django, django.views.decorators.http.condition(); RFC 9110, 13
 */
export function Condition(options: ConditionOptions): MethodDecorator & ClassDecorator {
  const functions = [options?.etag, options?.lastModified].filter((one) => one !== undefined);
  if (functions.length === 0 || functions.some((one) => typeof one !== 'function')) {
    throw new TypeError(
      '@Condition() needs a function "etag" or "lastModified" that tells what is there now.',
    );
  }
  return UseInterceptors(new ConditionInterceptor(options));
}
