import { randomInt, randomUUID } from 'node:crypto';
import { Body, Controller, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { CacheService } from 'nestjs-cache-framework';
import { cacheAway } from '../common/cache-away.filter.js';
import { textField } from '../common/field.js';
import { ALPHABET, drawText } from './captcha.drawing.js';

const LENGTH = 5;
const SECONDS = 120; // a number is seconds, as in Django and in HTTP; '2m' says the same
const TRIES = 3;

/** A picture captcha. The text never leaves the server: the cache keeps it, and forgets it by itself. */
@Controller('captcha')
export class CaptchaController {
  constructor(private readonly cache: CacheService) {}

  @Post()
  async create() {
    const id = randomUUID();
    const text = Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join(
      '',
    );

    // set() answers whether the value was kept. A captcha that nobody can solve is worse than an error.
    if (!(await this.cache.set(`captcha:${id}`, text, SECONDS))) throw cacheAway();
    return { id, picture: drawText(text), seconds: SECONDS, tries: TRIES };
  }

  @Post(':id')
  @HttpCode(200)
  async check(@Param('id', ParseUUIDPipe) id: string, @Body() body: unknown) {
    const answer = textField(body, 'answer', /^[a-z0-9]{1,10}$/i).toUpperCase();

    // Counted before the answer is looked at, and atomically: a hundred guesses at once are a hundred tries.
    const tries = await this.cache.incr(`captcha-tries:${id}`, 1, { initial: 0, timeout: SECONDS });
    if (tries > TRIES) await this.cache.delete(`captcha:${id}`);

    const text = await this.cache.get<string>(`captcha:${id}`);
    if (text === undefined) return { solved: false, cache: 'MISS', triesLeft: 0 };
    if (text !== answer) return { solved: false, cache: 'HIT', triesLeft: TRIES - tries };

    // pull() is "get and delete" that only one caller wins, so a solved captcha opens one door, once.
    const pulled = await this.cache.pull<string>(`captcha:${id}`);
    return { solved: pulled === answer, cache: 'HIT', triesLeft: 0 };
  }
}
