import { jest } from '@jest/globals';
import { ApolloDriver } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import {
  startApp,
  type Answer,
  type Asking,
  type HttpApp,
  type HttpAppOptions,
  type Platform,
} from '../http/http-app.js';

// mercurius serves GraphiQL's files by it, which no test asks for, and jest cannot load it on Node.js 20.
jest.mock('@fastify/static', () => () => {});
const { MercuriusDriver } = await import('@nestjs/mercurius');

const APOLLO = { driver: ApolloDriver, subscriptions: { 'graphql-ws': true } };

const SERVERS = {
  'Apollo on Express': { platform: 'express', settings: APOLLO },
  'Apollo on Fastify': { platform: 'fastify', settings: APOLLO },
  'Mercurius on Fastify': {
    platform: 'fastify',
    settings: { driver: MercuriusDriver, subscription: { fullWsTransport: true } },
  },
} as const satisfies Record<string, { platform: Platform; settings: object }>;

/** The servers of GraphQL that Nest brings. */
export type GraphqlServer = keyof typeof SERVERS;

export const GRAPHQL_SERVERS = Object.keys(SERVERS) as GraphqlServer[];

export interface GraphqlAppOptions extends HttpAppOptions {
  readonly typeDefs: string | undefined;
  /** More settings of the driver. */
  readonly graphql?: object;
}

/** Starts an application with an endpoint at `/graphql`, whose interceptors see the fields of all types. */
export function startGraphql(server: GraphqlServer, options: GraphqlAppOptions): Promise<HttpApp> {
  const { typeDefs, graphql, imports = [], ...rest } = options;
  const { platform, settings } = SERVERS[server];
  const module = GraphQLModule.forRoot({
    ...settings,
    typeDefs,
    graphiql: false,
    fieldResolverEnhancers: ['interceptors'],
    ...graphql,
  });
  return startApp(platform, { ...rest, imports: [module, ...imports] });
}

/** Sends an operation as clients do, by POST. */
export function post(http: HttpApp, query: string, asking: Asking = {}): Promise<Answer> {
  return http.ask('/graphql', {
    method: 'POST',
    body: JSON.stringify({ query }),
    ...asking,
    headers: { 'Content-Type': 'application/json', ...asking.headers },
  });
}

/** Sends a query in the URL. */
export function get(http: HttpApp, query: string, asking: Asking = {}): Promise<Answer> {
  return http.ask(`/graphql?query=${encodeURIComponent(query)}`, {
    ...asking,
    // Apollo answers no GET that a page of another origin could have sent.
    headers: { 'Apollo-Require-Preflight': 'true', ...asking.headers },
  });
}

/** The data of an answer; what it says of errors if there are any. */
export async function dataOf(answer: Promise<Answer>): Promise<unknown> {
  const { data, errors } = JSON.parse((await answer).body) as { data?: unknown; errors?: unknown };
  return errors ?? data;
}
