import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ForbiddenException,
  NotFoundException,
  ParseIntPipe,
  UseGuards,
  type Type,
} from '@nestjs/common';
import {
  Args,
  Context,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { of } from 'rxjs';
import type { Answer, HttpApp } from '../http/http-app.js';
import { GRAPHQL_SERVERS, get, post, startGraphql, type GraphqlServer } from './graphql-app.js';
import { PLACES, itemsOf, standing, type Place } from './places.js';
import { connectGraphql } from './ws-client.js';

const typeDefs = `
  type Cat { id: Int!, name: String!, shout: String!, run: Int! }
  type Query {
    cat(id: String!): Cat
    cats: [Cat!]!
    nothing: Cat
    late: Cat
    broken: Cat
    missing: Cat
    refused: Cat
    method: String
  }
  type Mutation { rename(name: String!): Cat! }
  type Subscription { renamed(from: Int!): Int! }
`;

let runs = 0;
const cat = (id: number, name = 'Tom'): object => ({ id, name, run: ++runs });

/** Resolvers of all kinds, of which none asks to be cached. */
function resolversAt(place: Place): Type<unknown> {
  const { onClass, onHandler } = standing(place);

  @onClass
  @Resolver('Cat')
  class Cats {
    @onHandler
    @Query('cat')
    cat(@Args('id', ParseIntPipe) id: number): object {
      return cat(id);
    }

    @onHandler
    @Query('cats')
    cats(): object[] {
      return [cat(1), cat(2)];
    }

    @onHandler
    @Query('nothing')
    nothing(): null {
      return null;
    }

    @onHandler
    @Query('late')
    late(): unknown {
      return of(cat(1), cat(2), cat(3));
    }

    @onHandler
    @Query('broken')
    broken(): never {
      throw new Error(`broken in run ${++runs}`);
    }

    @onHandler
    @Query('missing')
    missing(): never {
      throw new NotFoundException(`missing in run ${++runs}`);
    }

    @onHandler
    @UseGuards({
      canActivate: () => {
        throw new ForbiddenException();
      },
    })
    @Query('refused')
    refused(): object {
      return cat(0);
    }

    @onHandler
    @Query('method')
    method(@Context() context: { req: { method: string } }): string {
      return context.req.method;
    }

    @onHandler
    @ResolveField('shout')
    shout(@Parent() parent: { name: string }): string {
      return `${parent.name.toUpperCase()} in run ${++runs}`;
    }

    @onHandler
    @Mutation('rename')
    rename(@Args('name') name: string): object {
      return cat(1, name);
    }

    @onHandler
    @Subscription('renamed', {
      filter: (event: { renamed: number }) => event.renamed % 2 === 1,
    })
    async *renamed(@Args('from') from: number): AsyncGenerator<object> {
      for (let event = from; event < from + 4; event += 1) yield { renamed: event };
    }
  }
  return Cats;
}

const OPERATIONS = [
  '{ cat(id: "7") { id name shout run } }',
  '{ cat(id: "seven") { id } }',
  '{ one: cat(id: "1") { run shout } other: cat(id: "1") { run shout } }',
  '{ cats { id run } nothing { id } late { id } }',
  '{ broken { id } }',
  '{ missing { id } cats { run } }',
  '{ refused { id } }',
  '{ unknown }',
  'mutation { rename(name: "Kit") { name shout run } }',
  'mutation { first: rename(name: "A") { run } second: rename(name: "A") { run } }',
  '{ __schema { queryType { name } } }',
];

let http: HttpApp;

afterEach(async () => {
  await http?.close();
});

const told = ({ status, headers, body }: Answer): object => ({
  status,
  headers: { ...headers, date: 'now' },
  body,
});

interface Story {
  readonly answers: readonly unknown[];
  readonly runs: number;
  /** The lines of the error log. */
  readonly errors: readonly string[];
  /** How many entries the cache has. */
  readonly items: number;
}

/** All that clients are told, and what it left behind. */
async function storyOf(server: GraphqlServer, place: Place): Promise<Story> {
  runs = 0;
  http = await startGraphql(server, {
    typeDefs,
    providers: [resolversAt(place), ...standing(place).providers],
  });
  const answers: unknown[] = [];
  for (const operation of OPERATIONS.flatMap((each) => [each, each])) {
    answers.push(told(await post(http, operation)));
  }
  for (const query of ['{ method cats { run } }', '{ method cats { run } }']) {
    answers.push(told(await get(http, query)));
  }
  answers.push(...(await eventsOf(http, 'subscription { renamed(from: 1) }')));
  answers.push(...(await eventsOf(http, 'subscription { renamed(from: 1) }')));
  answers.push(...(await eventsOf(http, '{ cats { run } }')));
  answers.push(...(await eventsOf(http, 'mutation { rename(name: "Kit") { run } }')));
  const errors = http.log.errors();
  const items = await itemsOf(http);
  await http.close();
  return { answers, runs, errors, items };
}

/** Everything that is sent over a WebSocket for an operation, to its end. */
async function eventsOf({ port }: HttpApp, query: string): Promise<unknown[]> {
  const client = await connectGraphql(port);
  client.send({ id: '1', type: 'subscribe', payload: { query } });
  const events: { type: string }[] = [];
  do events.push((await client.next()) as { type: string });
  while (events.at(-1)!.type === 'next');
  await client.close();
  return events;
}

describe.each(GRAPHQL_SERVERS)('%s', (server) => {
  it.each(PLACES)(
    'answers every operation as it does without the interceptor, which stands %s [W19 W36]',
    async (place) => {
      const control = await storyOf(server, 'nowhere');

      const story = await storyOf(server, place);

      expect(story).toEqual(control);
    },
  );

  it('keeps nothing of all that, and sends no header of the cache', async () => {
    const story = await storyOf(server, 'globally');

    expect(story.items).toBe(0);
    expect(story.errors.filter((line) => !line.includes('broken'))).toEqual([]);
    expect(story.runs).toBeGreaterThan(40);
    expect(JSON.stringify(story)).not.toContain('x-cache');
    expect(http.log.said()).toEqual([]);
  });
});
