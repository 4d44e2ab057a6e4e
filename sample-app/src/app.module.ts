import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { CacheModule } from 'nestjs-cache-framework';
import { CaptchaController } from './captcha/captcha.controller.js';
import { CacheAwayFilter } from './common/cache-away.filter.js';
import { CountersController } from './counters/counters.controller.js';
import { ImagesController } from './images/images.controller.js';
import { LockController } from './lock/lock.controller.js';
import { NewsController } from './news/news.controller.js';
import { PricesController } from './prices/prices.controller.js';
import { RatesController } from './rates/rates.controller.js';
import { OrdersDatabase } from './reports/orders.database.js';
import { ReportsController } from './reports/reports.controller.js';
import { SessionController } from './session/session.controller.js';
import { SessionService } from './session/session.service.js';
import { SmsController } from './sms/sms.controller.js';
import { StatusController } from './status/status.controller.js';

// Where the cache is, is the operator's decision: memory on a laptop, two memcached servers in production, and not one line
// of the application changes. A CACHE_URL that is set but empty is an error at start, not "then memory".
const url = process.env['CACHE_URL'] ?? 'memory://';

@Module({
  imports: [
    CacheModule.forRoot({
      caches: {
        // A prefix of its own for each cache: clear() of the one leaves the other alone.
        default: { url, keyPrefix: 'sample' },
        sessions: { url, keyPrefix: 'sample-sessions', timeout: '15m' },
      },
    }),
  ],
  controllers: [
    StatusController,
    CaptchaController,
    SmsController,
    SessionController,
    ReportsController,
    RatesController,
    NewsController,
    ImagesController,
    CountersController,
    LockController,
    PricesController,
  ],
  providers: [OrdersDatabase, SessionService, { provide: APP_FILTER, useClass: CacheAwayFilter }],
})
export class AppModule {}
