import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AddressInfo, Server } from 'node:net';
import { Controller } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Args, Int, Query, Resolver } from '@nestjs/graphql';
import { ClientProxyFactory, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { CacheInterceptor, CacheKey, CacheTTL } from 'nestjs-cache-framework';
import { lastValueFrom } from 'rxjs';
import { GRAPHQL_SERVERS, dataOf, post, startGraphql } from '../contexts/graphql-app.js';
import { connect } from '../contexts/ws-client.js';
import { PLATFORMS, startApp, type HttpApp } from './http-app.js';

const GLOBALLY = { provide: APP_INTERCEPTOR, useClass: CacheInterceptor };

let runs = 0;
const answer = (data: unknown): object => ({ data, run: ++runs });

@Resolver()
class Cats {
  @Query('plain')
  plain(): number {
    return ++runs;
  }

  @Query('keyed')
  @CacheKey((context) => JSON.stringify(context.getArgByIndex(1)))
  @CacheTTL(60)
  keyed(@Args('id', { type: () => Int }) id: number): string {
    return `cat ${id} in run ${++runs}`;
  }
}

@Controller()
class Messages {
  @MessagePattern('plain')
  plain(@Payload() data: unknown): object {
    return answer(data);
  }

  @MessagePattern('keyed')
  @CacheKey('keyed')
  @CacheTTL(60)
  keyed(@Payload() data: unknown): object {
    return answer(data);
  }
}

@WebSocketGateway()
class Gateway {
  @SubscribeMessage('plain')
  plain(@MessageBody() data: unknown): object {
    return { event: 'plain', data: answer(data) };
  }

  @SubscribeMessage('keyed')
  @CacheKey('keyed')
  @CacheTTL(60)
  keyed(@MessageBody() data: unknown): object {
    return { event: 'keyed', data: answer(data) };
  }
}

let http: HttpApp;

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

/** What three messages over TCP are answered with. */
async function messages(pattern: string, ids: readonly number[]): Promise<unknown[]> {
  const server = http.app.getMicroservices()[0]!.unwrap<Server>();
  const { port } = server.address() as AddressInfo;
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
  });
  const answers: unknown[] = [];
  for (const id of ids) answers.push(await lastValueFrom(client.send<unknown>(pattern, { id })));
  await client.close();
  return answers;
}

describe.each(GRAPHQL_SERVERS)('under a global interceptor, with %s', (server) => {
  const typeDefs = 'type Query { plain: Int, keyed(id: Int!): String }';

  async function answersOf(...operations: string[]): Promise<unknown[]> {
    http = await startGraphql(server, { typeDefs, providers: [Cats, GLOBALLY] });
    const answers: unknown[] = [];
    for (const operation of operations) answers.push(await dataOf(post(http, operation)));
    return answers;
  }

  it('W19: every root query answers, and runs each time unless it asks for more', async () => {
    const answers = await answersOf('{ plain }', '{ plain }', '{ plain }');

    expect(answers).toEqual([{ plain: 1 }, { plain: 2 }, { plain: 3 }]);
    expect(http.log.errors()).toEqual([]);
  });

  it('W19: a root query that makes a key of its arguments runs once for each of them', async () => {
    const answers = await answersOf(
      '{ keyed(id: 1) }',
      '{ keyed(id: 1) }',
      '{ keyed(id: 2) }',
      '{ keyed(id: 1) }',
    );

    expect(answers).toEqual([
      { keyed: 'cat 1 in run 1' },
      { keyed: 'cat 1 in run 1' },
      { keyed: 'cat 2 in run 2' },
      { keyed: 'cat 1 in run 1' },
    ]);
    expect(http.log.errors()).toEqual([]);
  });
});

describe.each(PLATFORMS)('under a global interceptor, on %s', (platform) => {
  async function startHybrid(): Promise<void> {
    http = await startApp(platform, {
      controllers: [Messages],
      providers: [GLOBALLY],
      configure: async (app) => {
        const options = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } };
        app.connectMicroservice(options, { inheritAppConfig: true });
        await app.startAllMicroservices();
      },
    });
  }

  it.each(['plain', 'keyed'])(
    'W20: every message to a hybrid application is carried out: %s',
    async (pattern) => {
      await startHybrid();

      expect(await messages(pattern, [1, 1, 1])).toEqual([
        { data: { id: 1 }, run: 1 },
        { data: { id: 1 }, run: 2 },
        { data: { id: 1 }, run: 3 },
      ]);
      expect(http.log.errors()).toEqual([]);
    },
  );

  it.each(['plain', 'keyed'])(
    'W20: every message to a WebSocket gateway is carried out: %s',
    async (event) => {
      http = await startApp(platform, {
        providers: [Gateway, GLOBALLY],
        configure: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
      });
      const client = await connect(http.port);
      const answers: unknown[] = [];

      for (const id of [1, 2, 1]) {
        client.send({ event, data: { id } });
        answers.push(await client.next());
      }
      await client.close();

      expect(answers).toEqual([
        { event, data: { data: { id: 1 }, run: 1 } },
        { event, data: { data: { id: 2 }, run: 2 } },
        { event, data: { data: { id: 1 }, run: 3 } },
      ]);
      expect(http.log.errors()).toEqual([]);
    },
  );

  it.each(['plain', 'keyed'])(
    'W21: no message is answered with what another message with other data got: %s',
    async (pattern) => {
      await startHybrid();

      expect(await messages(pattern, [1, 2, 1])).toEqual([
        { data: { id: 1 }, run: 1 },
        { data: { id: 2 }, run: 2 },
        { data: { id: 1 }, run: 3 },
      ]);
    },
  );
});
