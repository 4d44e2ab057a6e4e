import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { CacheService } from 'nestjs-cache-framework';
import { textField } from '../common/field.js';

const SECONDS = 10;
const NAME = /^[A-Z][a-z]{1,19}$/;

interface Holder {
  readonly owner: string;
  readonly until: Date;
}

/** One of several does the job, the others leave it alone: a lock for all processes that share the cache. */
@Controller('lock')
export class LockController {
  constructor(private readonly cache: CacheService) {}

  @Get()
  async holder() {
    const holder = await this.cache.get<Holder>('lock:report');
    return { cache: holder ? 'HIT' : 'MISS', ...holder };
  }

  @Post()
  @HttpCode(200)
  async take(@Body() body: unknown) {
    const owner = textField(body, 'owner', NAME);
    const until = new Date(Date.now() + SECONDS * 1000);

    // Why add() is a lock: "is it free?" and "it is mine" are one step, so two can never both hear "free".
    // Why it expires: an owner who dies cannot give it back. After ten seconds the cache does.
    const won = await this.cache.add('lock:report', { owner, until }, SECONDS);
    return { won, ...(won ? { owner, until } : await this.cache.get<Holder>('lock:report')) };
  }

  @Delete()
  async release(@Body() body: unknown) {
    const owner = textField(body, 'owner', NAME);
    // Only the owner may give it back. Whoever came too late would free the lock of the next one.
    const holder = await this.cache.get<Holder>('lock:report');
    return { released: holder?.owner === owner && (await this.cache.delete('lock:report')) };
  }
}
