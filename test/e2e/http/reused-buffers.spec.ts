import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Res } from '@nestjs/common';
import { CachePage } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';
import { until } from './time.js';

const frame = Buffer.alloc(100);

@Controller()
class Camera {
  @Get('frame')
  @CachePage(60)
  frame(@Res() reply: { raw?: ServerResponse; send(body: Buffer): void }): void {
    frame.fill('a');
    const response = reply.raw ?? (reply as unknown as ServerResponse);
    response.once('finish', () => frame.fill('b'));
    reply.send(frame);
  }
}

let http: HttpApp;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reused-buffers-'));
});

afterEach(async () => {
  await http.close();
  await rm(directory, { recursive: true });
});

describe.each(PLATFORMS)(
  'a handler that uses its memory again once it was sent, on %s',
  (platform) => {
    it('leaves the page as it was', async () => {
      http = await startController(platform, Camera, {
        cache: { backend: 'file', location: directory },
      });

      const miss = await http.ask('/frame');
      await until(() => http.stored() === 1);
      const hit = await http.ask('/frame');

      expect([miss.cache, hit.cache]).toEqual(['MISS', 'HIT']);
      expect(hit.body).toBe(miss.body);
    });
  },
);
