import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Post,
  Req,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import { textField } from '../common/field.js';
import { SessionService } from './session.service.js';

// httpOnly keeps the id from scripts. The path keeps it from the other routes: a request that bears a cookie may belong to
// one visitor alone, so the response cache neither stores nor serves it (see the news).
const COOKIE = 'Path=/session; HttpOnly; SameSite=Lax';
const PASSWORD = 'cache'; // a real application has a table of password hashes

@Controller('session')
export class SessionController {
  constructor(private readonly sessions: SessionService) {}

  @Post()
  @HttpCode(200)
  async logIn(
    @Body() body: unknown,
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ) {
    const user = textField(body, 'user', /^[\p{L}\p{N} .-]{1,40}$/u);
    if (textField(body, 'password', /^.{1,100}$/) !== PASSWORD) {
      throw new UnauthorizedException('Wrong password. It is "cache".');
    }

    // A new login gets a new id: an id that somebody planted in this browser before is worth nothing.
    await this.sessions.close(sessionId(request));
    response.setHeader('Set-Cookie', `sid=${await this.sessions.open(user)}; ${COOKIE}`);
    return { user };
  }

  @Get()
  async whoAmI(@Req() request: IncomingMessage) {
    const session = await this.sessions.find(sessionId(request));
    return { cache: session ? 'HIT' : 'MISS', user: session?.user, since: session?.since };
  }

  @Delete()
  async logOut(
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ) {
    const deleted = await this.sessions.close(sessionId(request));
    response.setHeader('Set-Cookie', `sid=; Max-Age=0; ${COOKIE}`);
    return { deleted };
  }
}

/** The id in the request's cookie; `none` where there is no cookie, which is no session's id. */
function sessionId(request: IncomingMessage): string {
  return /(?:^|;\s*)sid=([\w-]{43})(?:;|$)/.exec(request.headers.cookie ?? '')?.[1] ?? 'none';
}
