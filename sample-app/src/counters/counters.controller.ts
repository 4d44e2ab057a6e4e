import { Body, Controller, Get, HttpCode, Param, ParseEnumPipe, Post } from '@nestjs/common';
import { CacheService } from 'nestjs-cache-framework';
import { textField } from '../common/field.js';

const DRINKS = ['tea', 'coffee'] as const;
type Drink = (typeof DRINKS)[number];
const KnownDrink = new ParseEnumPipe({ tea: 'tea', coffee: 'coffee' });

// Creates the counter at 0 if it is not there, in the same step as it counts. null: it never expires.
const FROM_ZERO = { initial: 0, timeout: null };

/** Counters. "Read, add one, write" loses counts as soon as two do it at once; incr() and decr() never do. */
@Controller('counters')
export class CountersController {
  constructor(private readonly cache: CacheService) {}

  @Post('views')
  @HttpCode(200)
  async view() {
    return { views: await this.cache.incr('views', 1, FROM_ZERO) };
  }

  @Get('votes')
  async votes() {
    const votes = await this.cache.getMany<number>(DRINKS.map((drink) => `votes:${drink}`));
    return {
      cache: votes.size > 0 ? 'HIT' : 'MISS',
      tea: votes.get('votes:tea') ?? 0,
      coffee: votes.get('votes:coffee') ?? 0,
    };
  }

  @Post('votes/:drink')
  @HttpCode(200)
  async vote(@Param('drink', KnownDrink) drink: Drink, @Body() body: unknown) {
    const takenBack = textField(body, 'vote', /^(give|take back)$/) === 'take back';
    const votes = takenBack
      ? await this.cache.decr(`votes:${drink}`, 1, FROM_ZERO)
      : await this.cache.incr(`votes:${drink}`, 1, FROM_ZERO);
    return { drink, votes };
  }
}
