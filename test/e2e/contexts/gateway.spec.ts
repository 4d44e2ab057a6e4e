import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { CacheKey, CacheTTL, NeverCache } from 'nestjs-cache-framework';
import { from, type Observable } from 'rxjs';
import { PLATFORMS, startApp, type HttpApp, type Platform } from '../http/http-app.js';
import { PLACES, itemsOf, standing, type Place } from './places.js';
import { connect, type WsClient } from './ws-client.js';

let runs = 0;

/** A gateway that asks to be cached wherever that is possible to write. */
function gatewayAt(place: Place): Type<unknown> {
  const { onClass, onHandler } = standing(place);

  @onClass
  @WebSocketGateway({ path: '/cats' })
  class Cats {
    @onHandler
    @SubscribeMessage('plain')
    plain(@MessageBody() data: object): object {
      return { event: 'plain', data: { data, run: ++runs } };
    }

    @onHandler
    @SubscribeMessage('keyed')
    @CacheKey('keyed')
    @CacheTTL(60)
    keyed(@MessageBody() data: object): object {
      return { event: 'keyed', data: { data, run: ++runs } };
    }

    @onHandler
    @SubscribeMessage('made')
    @CacheKey(() => 'made')
    made(@MessageBody() data: object): object {
      return { event: 'made', data: { data, run: ++runs } };
    }

    @NeverCache()
    @onHandler
    @SubscribeMessage('never')
    never(@MessageBody() data: object): object {
      return { event: 'never', data: { data, run: ++runs } };
    }

    @onHandler
    @SubscribeMessage('many')
    @CacheKey('many')
    many(@MessageBody() data: object): Observable<object> {
      return from([1, 2].map((tick) => ({ event: 'many', data: { data, tick, run: ++runs } })));
    }

    @onHandler
    @SubscribeMessage('broken')
    @CacheKey('broken')
    broken(@MessageBody() data: { id: number }): never {
      throw new WsException(`broken by ${data.id} in run ${++runs}`);
    }

    @onHandler
    @SubscribeMessage('silent')
    @CacheKey('silent')
    silent(): void {
      runs += 1;
    }
  }
  return Cats;
}

let http: HttpApp;
let client: WsClient;

async function start(platform: Platform, place: Place): Promise<void> {
  http = await startApp(platform, {
    providers: [gatewayAt(place), ...standing(place).providers],
    configure: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
  });
  client = await connect(http.port, '/cats');
}

async function stop(): Promise<void> {
  await client.close();
  await http.close();
}

const ANSWERS = { plain: 1, keyed: 1, made: 1, never: 1, silent: 0, many: 2, broken: 1 } as const;

/** Everything that a client is told, and what is left behind. */
async function storyOf(platform: Platform, place: Place): Promise<Record<string, unknown>> {
  runs = 0;
  await start(platform, place);
  const answers: unknown[] = [];
  for (const [event, count] of Object.entries(ANSWERS)) {
    for (const id of [1, 2, 1]) {
      client.send({ event, data: { id } });
      for (let answer = 0; answer < count; answer += 1) answers.push(await client.next());
    }
  }
  const errors = http.log.errors();
  const items = await itemsOf(http);
  await stop();
  return { answers, runs, errors, items };
}

beforeEach(() => {
  runs = 0;
});

describe.each(PLATFORMS)('a WebSocket gateway, on %s', (platform) => {
  it.each(PLACES)(
    'answers every message as it does without the interceptor, which stands %s [W20]',
    async (place) => {
      const control = await storyOf(platform, 'nowhere');

      const story = await storyOf(platform, place);

      expect(story).toEqual(control);
      expect(story).toMatchObject({ errors: [], items: 0, runs: 24 });
    },
  );

  describe('under a global interceptor', () => {
    beforeEach(async () => {
      await start(platform, 'globally');
    });

    afterEach(stop);

    it('runs the handler of each message, with what the message bears [W20]', async () => {
      const answers: unknown[] = [];
      for (const id of [1, 2, 1]) {
        client.send({ event: 'made', data: { id } });
        answers.push(await client.next());
      }

      expect(answers).toEqual([
        { event: 'made', data: { data: { id: 1 }, run: 1 } },
        { event: 'made', data: { data: { id: 2 }, run: 2 } },
        { event: 'made', data: { data: { id: 1 }, run: 3 } },
      ]);
    });

    it('says once for each handler that asked for it that messages are not cached', async () => {
      for (const event of ['keyed', 'plain', 'keyed', 'made', 'made']) {
        client.send({ event, data: {} });
        await client.next();
      }

      expect(http.log.said()).toEqual([
        expect.stringMatching(/^Cats\.keyed is not cached: only answers to HTTP requests/),
        expect.stringMatching(/^Cats\.made is not cached: only answers to HTTP requests/),
      ]);
    });
  });
});
