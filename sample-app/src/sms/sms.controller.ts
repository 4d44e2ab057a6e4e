import { randomInt } from 'node:crypto';
import { Body, Controller, HttpCode, HttpException, HttpStatus, Post } from '@nestjs/common';
import { CacheService } from 'nestjs-cache-framework';
import { cacheAway } from '../common/cache-away.filter.js';
import { textField } from '../common/field.js';

const PHONE = /^\+?[0-9 ]{6,20}$/;
const TRIES = 3;
const WAIT_SECONDS = 60;

/** A code by SMS: lives five minutes, takes three tries, and is sent at most once a minute. */
@Controller('sms')
export class SmsController {
  constructor(private readonly cache: CacheService) {}

  @Post()
  async send(@Body() body: unknown) {
    const phone = phoneOf(body);

    // add() stores only if the key is free, and only one caller can win: the first request of this minute.
    // The expiry is the whole clean-up: after 60 seconds the key is gone and the next code may be sent.
    const mayAskAgain = new Date(Date.now() + WAIT_SECONDS * 1000);
    if (!(await this.cache.add(`sms-wait:${phone}`, mayAskAgain, WAIT_SECONDS))) {
      throw tooEarly(await this.cache.get<Date>(`sms-wait:${phone}`));
    }

    // As text, not as a number: a code may begin with a zero.
    const code = String(randomInt(1_000_000)).padStart(6, '0');
    if (!(await this.cache.set(`sms-code:${phone}`, code, '5m'))) {
      await this.cache.delete(`sms-wait:${phone}`);
      throw cacheAway();
    }
    await this.cache.delete(`sms-tries:${phone}`);

    // A real application hands the code to its SMS provider here and answers nothing. The page plays the phone.
    return { sms: `Your code is ${code}. It is good for 5 minutes.`, waitSeconds: WAIT_SECONDS };
  }

  @Post('check')
  @HttpCode(200)
  async check(@Body() body: unknown) {
    const phone = phoneOf(body);
    const code = textField(body, 'code', /^[0-9]{6}$/);

    const tries = await this.cache.incr(`sms-tries:${phone}`, 1, { initial: 0, timeout: '5m' });
    if (tries > TRIES) await this.cache.delete(`sms-code:${phone}`);

    const sent = await this.cache.get<string>(`sms-code:${phone}`);
    if (sent === undefined) return { verified: false, cache: 'MISS', triesLeft: 0 };
    if (sent !== code) return { verified: false, cache: 'HIT', triesLeft: TRIES - tries };

    const pulled = await this.cache.pull<string>(`sms-code:${phone}`);
    return { verified: pulled === code, cache: 'HIT', triesLeft: 0 };
  }
}

/** One number has one key, however it was typed. */
function phoneOf(body: unknown): string {
  return textField(body, 'phone', PHONE).replaceAll(' ', '');
}

function tooEarly(mayAskAgain: Date | undefined): HttpException {
  const waitSeconds = Math.max(1, Math.ceil(((mayAskAgain?.getTime() ?? 0) - Date.now()) / 1000));
  const message = `A code was sent a moment ago. The next one may be sent in ${waitSeconds} s.`;
  return new HttpException({ message, waitSeconds }, HttpStatus.TOO_MANY_REQUESTS);
}
