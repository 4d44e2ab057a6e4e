import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { All, BadGatewayException, Controller, Inject, Req, Res } from '@nestjs/common';

/** Token of the port on which the origin listens. */
export const ORIGIN_PORT = 'ORIGIN_PORT';

/** Headers of one connection, as those are that its `Connection` names. Node.js writes those of the other connection. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding'];

/**
 * A reverse proxy that adds nothing and takes nothing away: method, URL, header lines and body of what its handler is given
 * go to the origin; status, header lines and body of the answer come back. An origin that breaks off makes a 502.
 */
@Controller()
export class GatewayController {
  readonly #port: number;

  constructor(@Inject(ORIGIN_PORT) port: number) {
    this.#port = port;
  }

  @All('*')
  async relay(@Req() asked: unknown, @Res() framework: unknown): Promise<void> {
    const request = rawOf<IncomingMessage>(asked);
    let answer: IncomingMessage;
    try {
      answer = await this.#ask(request);
    } catch (cause) {
      throw new BadGatewayException('The origin gave no answer.', { cause });
    }
    // Fastify: what is written to the raw response is the answer.
    (framework as { hijack?(): void }).hijack?.();
    const response = rawOf<ServerResponse>(framework);
    response.statusCode = answer.statusCode!;
    response.statusMessage = answer.statusMessage!;
    for (const [name, value] of pairsOf(answer)) response.appendHeader(name, value);
    await pipeline(answer, response);
  }

  #ask(request: IncomingMessage): Promise<IncomingMessage> {
    const { method, url, headers } = request;
    // What the interceptor has hidden from the handler is not passed on.
    const lines = pairsOf(request).filter(([name]) => headers[name.toLowerCase()] !== undefined);
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        host: '127.0.0.1',
        port: this.#port,
        method,
        path: url,
        headers: lines.flat(),
        agent: false,
      });
      outgoing.on('response', resolve);
      outgoing.on('error', reject);
      request.pipe(outgoing);
    });
  }
}

function rawOf<Raw extends object>(framework: unknown): Raw {
  return (framework as { raw?: Raw }).raw ?? (framework as Raw);
}

/** The header lines that are passed on. */
function pairsOf({ headers, rawHeaders }: IncomingMessage): [name: string, value: string][] {
  const named = (headers.connection ?? '').toLowerCase().split(',');
  const dropped = new Set([...HOP_BY_HOP, ...named.map((name) => name.trim())]);
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (!dropped.has(name.toLowerCase())) pairs.push([name, rawHeaders[index + 1]!]);
  }
  return pairs;
}
