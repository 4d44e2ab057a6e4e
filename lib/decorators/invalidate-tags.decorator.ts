import { UseInterceptors, applyDecorators } from '@nestjs/common';
import { INVALIDATE_TAGS_METADATA } from '../cache.constants.js';
import { describe } from '../core/option-checks.js';
import {
  InvalidateTagsInterceptor,
  type InvalidatedTags,
} from '../http/invalidate-tags.interceptor.js';
import { addMetadata } from './add-metadata.js';

/**
 * Removes the pages and the values of the cache `default` that bear one of these tags, when the handler has succeeded and
 * before its answer goes out. A failure is logged, since what the handler did is done.
 *
 * @param tags Tags, or a function of the ExecutionContext and of what the handler returned.
 * @throws {TypeError} if there is none, or one is neither.
 * @example @InvalidateTags('news', (context, saved) => [`news:${saved.id}`])
 */
export function InvalidateTags(
  ...tags: readonly (string | InvalidatedTags)[]
): MethodDecorator & ClassDecorator {
  const wrong = tags.findIndex(
    (tag) => typeof tag !== 'function' && (typeof tag !== 'string' || tag === ''),
  );
  if (tags.length === 0 || wrong !== -1) {
    throw new TypeError(
      `@InvalidateTags() needs tags, or functions that give them, but got ${tags.length === 0 ? 'none' : describe(tags[wrong])}.`,
    );
  }
  return applyDecorators(
    addMetadata(INVALIDATE_TAGS_METADATA, tags),
    UseInterceptors(InvalidateTagsInterceptor),
  );
}
