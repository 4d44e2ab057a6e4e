import { setTimeout as wait } from 'node:timers/promises';
import { Controller, Delete, Get } from '@nestjs/common';
import { CacheService } from 'nestjs-cache-framework';

const RATES = { CHF: 0.94, CZK: 24.3, GBP: 0.86, USD: 1.09 };

/** What everybody wants at the same moment: one visitor loads it, all others wait for that one load. */
@Controller('rates')
export class RatesController {
  #loads = 0;
  #lastLoadEnded = 0;

  constructor(private readonly cache: CacheService) {}

  @Get()
  async rates() {
    const asked = performance.now();
    let hasLoaded = false;
    const rates = await this.cache.getOrSet(
      'rates',
      async () => {
        hasLoaded = true;
        return this.#load();
      },
      '1m',
    );
    // For the page: did this visitor load it, wait for another who did, or find it?
    const others = this.#lastLoadEnded > asked ? 'WAITED' : 'HIT';
    return { cache: hasLoaded ? 'MISS' : others, rates, loads: this.#loads };
  }

  @Delete()
  async forget() {
    return { deleted: await this.cache.delete('rates') };
  }

  async #load() {
    this.#loads++;
    await wait(300); // stands for the bank, which is slow and counts every call
    this.#lastLoadEnded = performance.now();
    return RATES;
  }
}
