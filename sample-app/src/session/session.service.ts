import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CacheService, InjectCache } from 'nestjs-cache-framework';

/** What is known of a visitor who has logged in. Dates come back from the cache as dates. */
export interface Session {
  readonly user: string;
  readonly since: Date;
}

/** Sessions in a cache of their own, so that emptying the default cache logs nobody out. */
@Injectable()
export class SessionService {
  constructor(@InjectCache('sessions') private readonly sessions: CacheService) {}

  /** Opens a session and answers its id: 32 random bytes that nobody can guess. */
  async open(user: string): Promise<string> {
    const id = randomBytes(32).toString('base64url');
    // add() and not set(): it says aloud when the cache is away, where set() would answer false.
    await this.sessions.add(id, { user, since: new Date() } satisfies Session);
    return id;
  }

  /** The session of this id; undefined if there is none, or if nobody used it for 15 minutes. */
  async find(id: string): Promise<Session | undefined> {
    const session = await this.sessions.get<Session>(id);
    // The life counts from the last use, not from the login. No timeout given: the cache's own, 15 minutes.
    if (session) await this.sessions.touch(id);
    return session;
  }

  /** Logging out is one delete: true if there was a session. */
  close(id: string): Promise<boolean> {
    return this.sessions.delete(id);
  }
}
