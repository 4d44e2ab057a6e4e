import { ServerResponse, type IncomingMessage } from 'node:http';
import { All, Controller, Req, Res } from '@nestjs/common';
import { answerAsSuite } from './suite-server.js';

/** What is used of a response of Express or Fastify. */
interface Settable {
  readonly raw?: ServerResponse;
  header(name: string, value: unknown): unknown;
}

/** Headers that frame a message, which is the framework's to do. */
const FRAMING = new Set(['content-length', 'transfer-encoding']);

/** The origin itself as a handler of Nest: what the suite's server would answer goes out as the framework's answer. */
@Controller()
export class OriginController {
  @All('*')
  async answer(
    @Req() asked: IncomingMessage & { raw?: IncomingMessage },
    @Res({ passthrough: true }) framework: ServerResponse & Settable,
  ): Promise<string> {
    const answer = new UnsentAnswer(asked.raw ?? asked);
    const body = await answer.made();
    // Fastify sets no status above 599 itself, and the suite has one.
    (framework.raw ?? framework).statusCode = answer.statusCode;
    for (const name of answer.getHeaderNames()) {
      if (!FRAMING.has(name)) framework.header(name, answer.getHeader(name));
    }
    return body;
  }
}

/** A response that the suite's server writes and nobody is sent. */
class UnsentAnswer extends ServerResponse {
  readonly #request: IncomingMessage;
  #body = '';
  #settle: () => void = () => {};

  constructor(request: IncomingMessage) {
    super(request);
    this.#request = request;
    // The suite breaks off an answer by destroying its socket.
    Object.assign(this, { socket: request.socket });
  }

  /** Its body, once the suite has written it or broken it off. */
  made(): Promise<string> {
    const { socket } = this.#request;
    return new Promise((resolve) => {
      this.#settle = () => {
        socket.off('close', this.#settle);
        resolve(this.#body);
      };
      socket.once('close', this.#settle);
      answerAsSuite(this.#request, this);
    });
  }

  override write(chunk: unknown): boolean {
    this.#body += String(chunk);
    return true;
  }

  override end(chunk: unknown = ''): this {
    this.write(chunk);
    this.#settle();
    return this;
  }
}
