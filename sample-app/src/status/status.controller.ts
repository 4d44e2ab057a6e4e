import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { CacheService } from 'nestjs-cache-framework';

/** What the cache says about itself. */
@Controller()
export class StatusController {
  constructor(private readonly cache: CacheService) {}

  /** The active backend, whether all of it answers at this moment, and which of its servers do. */
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
    return { backend: description, answers, servers: await this.#servers() };
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

  // A backend that keeps nothing has no figures, and a disk that hangs tells none.
  async #servers() {
    const stats = await this.cache.stats().catch(() => []);
    return stats.map(({ server, state }) => ({ server, state }));
  }
}
