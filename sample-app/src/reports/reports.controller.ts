import { Controller, Delete, Get, Param, ParseEnumPipe } from '@nestjs/common';
import { CacheService } from 'nestjs-cache-framework';
import { CITIES, OrdersDatabase } from './orders.database.js';
import type { City } from './orders.database.js';

// Only known cities become keys. A key made of whatever a visitor types would let one visitor fill the cache.
const KnownCity = new ParseEnumPipe(Object.fromEntries(CITIES.map((city) => [city, city])));

/** A slow query over a real table, cached. */
@Controller('reports')
export class ReportsController {
  #queries = 0;

  constructor(
    private readonly cache: CacheService,
    private readonly orders: OrdersDatabase,
  ) {}

  @Get(':city')
  async report(@Param('city', KnownCity) city: City) {
    let hit = true;
    // The value if it is there, else the query's result, kept for 30 seconds. Whoever asks for the same key meanwhile
    // waits for that one query: ten visitors at once are one query, not ten.
    const rows = await this.cache.getOrSet(
      `report:${city}`,
      () => {
        hit = false;
        this.#queries++;
        return this.orders.boughtTogether(city);
      },
      30,
    );
    return { cache: hit ? 'HIT' : 'MISS', city, rows, queries: this.#queries };
  }

  // Where the data changes, the result is thrown away; the next visitor gets a fresh one.
  @Delete(':city')
  async forget(@Param('city', KnownCity) city: City) {
    return { deleted: await this.cache.delete(`report:${city}`) };
  }
}
