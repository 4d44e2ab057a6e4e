import {
  Inject,
  Injectable,
  Logger,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import { concatMap, type Observable } from 'rxjs';
import { CACHE_PAGES, INVALIDATE_TAGS_METADATA } from '../cache.constants.js';
import { reasonOf } from '../core/cache.errors.js';
import type { Pages } from './pages.js';

/** Names the tags that a call has made untrue, from the call and from what the handler returned. */
export type InvalidatedTags = (
  context: ExecutionContext,
  value: unknown,
) => readonly string[] | Promise<readonly string[]>;

/** Removes what bears a tag when the handler has succeeded, before its answer goes out; in every kind of context. */
@Injectable()
export class InvalidateTagsInterceptor implements NestInterceptor {
  readonly #moduleRef: ModuleRef;
  readonly #reflector = new Reflector();
  readonly #logger = new Logger('CacheInterceptor');

  constructor(@Inject(ModuleRef) moduleRef: ModuleRef) {
    this.#moduleRef = moduleRef;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      concatMap(async (value: unknown) => {
        await this.#invalidate(context, value);
        return value;
      }),
    );
  }

  async #invalidate(context: ExecutionContext, value: unknown): Promise<void> {
    const holders = [context.getHandler(), context.getClass()];
    const items = holders.flatMap(
      (holder) =>
        this.#reflector.get<readonly (string | InvalidatedTags)[] | undefined>(
          INVALIDATE_TAGS_METADATA,
          holder,
        ) ?? [],
    );
    try {
      const pages = this.#moduleRef.get<Pages>(CACHE_PAGES, { strict: false });
      const tags = await Promise.all(
        items.map(async (item) => (typeof item === 'function' ? item(context, value) : [item])),
      );
      await pages.invalidateTags([...new Set(tags.flat())]);
    } catch (error) {
      // What the handler did is done, and its caller must be told so.
      this.#logger.error(
        `${context.getClass().name}.${context.getHandler().name} was carried out, but its tags could not be invalidated: ${reasonOf(error)}.`,
      );
    }
  }
}
