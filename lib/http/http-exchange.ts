import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { fieldValue, type HeaderField } from './http-head.js';

/** What is used of a framework's request; each field may be missing. */
export interface FrameworkRequest {
  readonly raw?: IncomingMessage;
  readonly url?: string;
  readonly originalUrl?: string;
  readonly originalMethod?: string;
  readonly protocol?: string;
  readonly hostname?: string;
  readonly params?: unknown;
  readonly user?: unknown;
  readonly session?: unknown;
}

/** What is used of a framework's response. */
export interface FrameworkResponse {
  readonly raw?: ServerResponse;
  getHeaders(): OutgoingHttpHeaders;
  /** Fastify: tells the framework that somebody else answers. */
  hijack?(): unknown;
}

/** A request, as the framework hands it out and as it is underneath. */
export interface HttpRequest {
  readonly request: IncomingMessage;
  /** Express: the raw request itself. */
  readonly asked: FrameworkRequest;
}

/** A request and its response. */
export interface HttpExchange extends HttpRequest {
  readonly response: ServerResponse;
  /** Express: the raw response itself. */
  readonly framework: FrameworkResponse;
}

/**
 * The exchange behind what Express or Fastify gave to an interceptor; undefined if these are neither's, or if the response
 * is on its way already.
 */
export function httpExchange(asked: unknown, framework: unknown): HttpExchange | undefined {
  const found = httpRequest(asked);
  if (!found || !isObject(framework)) return undefined;
  const response = (framework as Partial<FrameworkResponse>).raw ?? framework;
  if (!isResponse(response) || response.headersSent) return undefined;
  return { ...found, response, framework: framework as FrameworkResponse };
}

/** What is asked of Nest's `ExecutionContext`. */
interface CallContext {
  getType(): string;
  getArgByIndex(index: number): unknown;
}

/** The exchange of a call; undefined also for what is no call by HTTP. */
export function exchangeOf(context: CallContext): HttpExchange | undefined {
  if (context.getType() !== 'http') return undefined;
  return httpExchange(context.getArgByIndex(0), context.getArgByIndex(1));
}

/** The request behind what Express or Fastify calls one; undefined if it is neither's. */
export function httpRequest(asked: unknown): HttpRequest | undefined {
  if (!isObject(asked)) return undefined;
  const request = (asked as FrameworkRequest).raw ?? asked;
  return isRequest(request) ? { request, asked } : undefined;
}

/**
 * True if a middleware or a guard found out whose request it is or began a session for it, or if the client showed a
 * certificate that holds.
 */
export function isIdentified(exchange: HttpRequest): boolean {
  if (userOf(exchange) !== undefined) return true;
  if (hasContents(exchange.asked.session) || hasContents(rawOf(exchange)?.session)) return true;
  return (exchange.request.socket as { authorized?: unknown } | undefined)?.authorized === true;
}

/** The user that a guard or a middleware found; undefined if none did. */
export function userOf(exchange: HttpRequest): unknown {
  const { user } = exchange.asked;
  if (isSet(user)) return user;
  const raw = rawOf(exchange)?.user;
  return isSet(raw) ? raw : undefined;
}

/** The method before a middleware overrode it; undefined if none did. */
export function originalMethodOf(exchange: HttpRequest): string | undefined {
  return exchange.asked.originalMethod ?? rawOf(exchange)?.originalMethod;
}

/**
 * The raw request where it is not the framework's own. Express gives each request a shape of its own, on which V8 remembers
 * no look-up, so nothing is looked for twice.
 */
function rawOf({ request, asked }: HttpRequest): FrameworkRequest | undefined {
  return (request as FrameworkRequest) === asked ? undefined : (request as FrameworkRequest);
}

/** The headers that are set so far, in the raw response and in the framework's own. */
export function presetFields({ framework }: HttpExchange): HeaderField[] {
  return Object.entries(framework.getHeaders())
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, fieldValue(value)]);
}

/** The URL as it came and as it was routed, which a rewrite may have changed. */
export function urlsOf({ request, asked }: HttpExchange): [asked: string, routed: string] {
  const routed = request.url ?? '';
  return [asked.originalUrl ?? routed, routed];
}

/** A session that bears anything is somebody's, even while its cookie is only on the way to them. */
function hasContents(session: unknown): boolean {
  if (!isObject(session)) return false;
  // `cookie` holds the settings of the session's cookie.
  return Object.entries(session).some(([name, value]) => name !== 'cookie' && isSet(value));
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isRequest(value: object): value is IncomingMessage {
  return Array.isArray((value as Partial<IncomingMessage>).rawHeaders);
}

function isResponse(value: object): value is ServerResponse {
  const response = value as Partial<ServerResponse>;
  return typeof response.writeHead === 'function' && typeof response.end === 'function';
}

/** True if the client has left. */
export function isGone(response: ServerResponse): boolean {
  return response.destroyed || response.closed;
}
