import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Req, type ExecutionContext } from '@nestjs/common';
import { CachePage, VaryOn, VaryOnHeaders } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';

interface Asked {
  readonly headers: Record<string, string>;
}

const tenantOf = (context: ExecutionContext): string | undefined =>
  context.switchToHttp().getRequest<Asked>().headers['x-tenant'];

@VaryOn(tenantOf)
class OfTenant {}

@Controller()
@VaryOnHeaders('Accept-Language')
class Pages extends OfTenant {
  @Get('page')
  @CachePage(60)
  page(@Req() { headers }: Asked): string {
    return `of ${headers['x-tenant']}`;
  }
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('@VaryOn() on a class, on %s', (platform) => {
  it('adds to what stands on the class that it extends', async () => {
    http = await startController(platform, Pages);

    const answers = [
      await http.ask('/page', { headers: { 'X-Tenant': 'a' } }),
      await http.ask('/page', { headers: { 'X-Tenant': 'b' } }),
    ];

    expect(answers.map(({ body }) => body)).toEqual(['of a', 'of b']);
  });
});
