import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { CacheService } from 'nestjs-cache-framework';

/** What the cache says about itself. */
@Controller()
export class StatusController {
  constructor(private readonly cache: CacheService) {}

  /** The active backend, and whether it answers at this moment. */
  @Get('status')
  async status() {
    const { name, description = name } = this.cache.backend;
    // A backend in this process has nothing to ping. One of several servers pings them all.
    const answers =
      this.cache.backend.ping === undefined ||
      (await this.cache.ping().then(
        () => true,
        () => false,
      ));
    return { backend: description, answers };
  }

  /** One entry for each server, with the server's own figures. */
  @Get('stats')
  stats() {
    return this.cache.stats();
  }

  /** Empties this cache and nothing else: sessions, other applications and other prefixes stay. */
  @Post('clear')
  @HttpCode(200)
  async clear() {
    await this.cache.clear();
    return { cleared: true };
  }
}
