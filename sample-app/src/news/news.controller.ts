import { setTimeout as wait } from 'node:timers/promises';
import { Controller, Get, Header, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor, CacheTTL } from 'nestjs-cache-framework';

/**
 * A page that is cached as a whole: status, headers and body as they went out. On a hit this method does not run at all.
 *
 * Only what is the same for everybody is kept: a request with a cookie or an Authorization header passes the cache by.
 */
@Controller('news')
@UseInterceptors(CacheInterceptor)
export class NewsController {
  @Get()
  @CacheTTL(15) // seconds
  @Header('Content-Type', 'text/html; charset=utf-8')
  async latest() {
    await wait(150); // stands for the templates and the five queries of a real page
    const made = new Date();
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>News</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/style.css">
</head>
<body class="news">
<h1>News</h1>
<p>This page was made at <time datetime="${made.toISOString()}">${made.toTimeString().slice(0, 8)}</time>.
Load it again: until it is 15 seconds old, the time stays.</p>
<p><a href="/">Back to the stories</a></p>
</body>
</html>`;
  }
}
