import { Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { CacheService } from 'nestjs-cache-framework';

const PRICES = { bread: 3.2, butter: 2.9, honey: 7.5, olives: 4.1, tea: 5.6, wine: 11.9 };
const key = (product: string) => `price:${product}`;
const products = Object.keys(PRICES);

/** Several keys with one call: all are on their way together, none waits for another. */
@Controller('prices')
export class PricesController {
  constructor(private readonly cache: CacheService) {}

  @Post()
  @HttpCode(200)
  async store() {
    // One timeout for all. The answer are the keys that could not be stored; usually there are none.
    const entries = Object.entries(PRICES).map(([name, price]) => [key(name), price] as const);
    const failed = await this.cache.setMany(new Map(entries), 60);
    return { stored: products.length - failed.length, failed };
  }

  @Get()
  async list() {
    // A Map with what was found. What is not in it is a miss, and only that has to be loaded.
    const found = await this.cache.getMany<number>(products.map(key));
    return products.map((name) => ({
      name,
      cache: found.has(key(name)) ? 'HIT' : 'MISS',
      price: found.get(key(name)),
    }));
  }

  @Delete()
  async forgetHalf() {
    return { deleted: await this.cache.deleteMany(['bread', 'honey', 'tea'].map(key)) };
  }
}
