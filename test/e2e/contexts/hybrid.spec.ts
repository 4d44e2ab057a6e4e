import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AddressInfo, Server } from 'node:net';
import { Controller, Get, Sse, type MessageEvent, type Type } from '@nestjs/common';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
  type ClientProxy,
} from '@nestjs/microservices';
import { CacheKey, CacheTTL, NeverCache } from 'nestjs-cache-framework';
import { from, lastValueFrom, toArray, type Observable } from 'rxjs';
import { PLATFORMS, startApp, type HttpApp, type Platform } from '../http/http-app.js';
import { PLACES, itemsOf, standing, type Place } from './places.js';

let runs = 0;
let heard: unknown[] = [];

/** A controller of a hybrid application. It asks to be cached wherever that is possible to write. */
function controllerAt(place: Place): Type<unknown> {
  const { onClass, onHandler } = standing(place);

  @onClass
  @Controller()
  class Cats {
    @onHandler
    @MessagePattern('plain')
    plain(@Payload() data: object): object {
      return { data, run: ++runs };
    }

    @onHandler
    @MessagePattern('keyed')
    @CacheKey('keyed')
    @CacheTTL(60)
    keyed(@Payload() data: object): object {
      return { data, run: ++runs };
    }

    @onHandler
    @MessagePattern('made')
    @CacheKey(() => 'made')
    made(@Payload() data: object): object {
      return { data, run: ++runs };
    }

    @NeverCache()
    @onHandler
    @MessagePattern('never')
    never(@Payload() data: object): object {
      return { data, run: ++runs };
    }

    @onHandler
    @MessagePattern('many')
    @CacheKey('many')
    many(@Payload() data: object): Observable<object> {
      return from([
        { data, run: ++runs },
        { data, run: ++runs },
      ]);
    }

    @onHandler
    @MessagePattern('broken')
    @CacheKey('broken')
    broken(@Payload() data: { id: number }): never {
      throw new RpcException(`broken by ${data.id} in run ${++runs}`);
    }

    @onHandler
    @EventPattern('happened')
    @CacheKey('happened')
    happened(@Payload() data: object): object {
      heard.push(data);
      return { run: ++runs };
    }

    /** Answers a page and a message alike. */
    @onHandler
    @Get('both')
    @MessagePattern('both')
    @CacheTTL(60)
    both(): object {
      return { run: ++runs };
    }

    @onHandler
    @Sse('events')
    @CacheTTL(60)
    events(): Observable<MessageEvent> {
      return from([1, 2, 3].map((tick) => ({ data: { tick, run: ++runs } })));
    }
  }
  return Cats;
}

let http: HttpApp;
let client: ClientProxy;

async function start(platform: Platform, place: Place): Promise<void> {
  http = await startApp(platform, {
    controllers: [controllerAt(place)],
    providers: standing(place).providers,
    configure: async (app) => {
      const options = { host: '127.0.0.1', port: 0 };
      app.connectMicroservice({ transport: Transport.TCP, options }, { inheritAppConfig: true });
      await app.startAllMicroservices();
    },
  });
  const server = http.app.getMicroservices()[0]!.unwrap<Server>();
  client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
  });
}

async function stop(): Promise<void> {
  await client.close();
  await http.close();
}

/** All that a message is answered with: values, or the error. */
function send(pattern: string, data: object): Promise<unknown> {
  return lastValueFrom(client.send<unknown>(pattern, data).pipe(toArray())).catch(
    (error: unknown) => ({ error }),
  );
}

const PATTERNS = ['plain', 'keyed', 'made', 'never', 'many', 'broken', 'both'];

/** Everything that clients are told over both ways in, and what is left behind. */
async function storyOf(platform: Platform, place: Place): Promise<Record<string, unknown>> {
  runs = 0;
  heard = [];
  await start(platform, place);
  const answers: unknown[] = [];
  for (const pattern of PATTERNS) {
    for (const id of [1, 2, 1]) answers.push([pattern, id, await send(pattern, { id })]);
  }
  for (const id of [1, 2, 1]) await lastValueFrom(client.emit('happened', { id }));
  // Whoever is answered now was sent after the events, on the same connection.
  await send('plain', {});
  for (let asked = 1; asked <= 2; asked += 1) answers.push((await http.ask('/events')).body);
  const errors = http.log.errors();
  const items = await itemsOf(http);
  await stop();
  return { answers, heard, runs, errors, items };
}

beforeEach(() => {
  runs = 0;
  heard = [];
});

describe.each(PLATFORMS)('a hybrid application with messages over TCP, on %s', (platform) => {
  it.each(PLACES)(
    'answers and hears everything as it does without the interceptor, which stands %s [W14 W20 W21]',
    async (place) => {
      const control = await storyOf(platform, 'nowhere');

      const story = await storyOf(platform, place);

      expect(story).toEqual(control);
      expect(story).toMatchObject({
        errors: [],
        items: 0,
        heard: [{ id: 1 }, { id: 2 }, { id: 1 }],
      });
    },
  );

  describe('under a global interceptor', () => {
    beforeEach(async () => {
      await start(platform, 'globally');
    });

    afterEach(stop);

    it('runs the handler of each message, with what the message bears [W20 W21]', async () => {
      const answers: unknown[] = [];
      for (const id of [1, 2, 1]) answers.push(await send('made', { id }));

      expect(answers).toEqual([
        [{ data: { id: 1 }, run: 1 }],
        [{ data: { id: 2 }, run: 2 }],
        [{ data: { id: 1 }, run: 3 }],
      ]);
    });

    it('keeps the page of a handler that answers messages as well', async () => {
      await send('both', {});

      const pages = [await http.ask('/both'), await http.ask('/both')];
      const message = await send('both', {});

      expect(pages.map(({ cache, body }) => [cache, body])).toEqual([
        ['MISS', '{"run":2}'],
        ['HIT', '{"run":2}'],
      ]);
      expect(message).toEqual([{ run: 3 }]);
    });

    it('says once for each handler that asked for it that messages are not cached', async () => {
      for (const pattern of [...PATTERNS, ...PATTERNS]) await send(pattern, { id: 1 });

      const why = 'only answers to HTTP requests and root queries of GraphQL are.';
      expect(http.log.said()).toEqual(
        ['keyed', 'made', 'many', 'broken', 'both'].map(
          (handler) => `Cats.${handler} is not cached: ${why}`,
        ),
      );
    });
  });
});
