import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  All,
  Controller,
  Req,
  Res,
  UseGuards,
  UseInterceptors,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { CacheInterceptor, CacheKey } from 'nestjs-cache-framework';
import { startApp, type HttpApp, type Platform } from './http-app.js';
import { pageGround, type Limits, type PageBackend, type PageGround } from './page-grounds.js';
import { Scene, type Asked, type Reply } from './security-scene.js';

/** Obeys the scene: whoever it refuses gets 403. */
class Doorkeeper implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const asked = context.switchToHttp().getRequest<Asked>();
    return Scene.of(asked.url)?.refuses(asked) !== true;
  }
}

/** Gives the key that the request names for its scene, or does what it says. */
function keyOf(context: ExecutionContext): string | undefined | Promise<string> {
  const { headers, url } = context.switchToHttp().getRequest<Asked>();
  const key = headers['x-key'] as string | undefined;
  if (key === 'throws') throw new Error('no key today');
  if (key === 'rejects') return Promise.reject(new Error('no key today'));
  return key && `${Scene.of(url)!.token}${decodeURIComponent(key)}`;
}

// One route for any path would need other words on each framework.
const DEPTHS = [':one', ':one/:two', ':one/:two/:three'];

/** Every handler answers as the scene of its URL says. */
@Controller()
@UseGuards(Doorkeeper)
@UseInterceptors(CacheInterceptor)
class Stage {
  @All(DEPTHS.map((rest) => `stage/${rest}`))
  plain(@Req() asked: Asked, @Res({ passthrough: true }) reply: Reply): unknown {
    return Scene.of(asked.url)!.play(asked, reply);
  }

  @All('keyed/:scene/:item')
  @CacheKey('x')
  keyed(@Req() asked: Asked, @Res({ passthrough: true }) reply: Reply): unknown {
    return Scene.of(asked.url)!.play(asked, reply);
  }

  @All('keyed-too/:scene/:item')
  @CacheKey('x')
  keyedToo(@Req() asked: Asked, @Res({ passthrough: true }) reply: Reply): unknown {
    return Scene.of(asked.url)!.play(asked, reply);
  }

  @All('made/:scene')
  @CacheKey(keyOf)
  made(@Req() asked: Asked, @Res({ passthrough: true }) reply: Reply): unknown {
    return Scene.of(asked.url)!.play(asked, reply);
  }
}

/** An application on whose routes any scene can be played, and where its pages are. */
export interface StageApp {
  readonly http: HttpApp;
  readonly ground: PageGround;
  close(): Promise<void>;
}

/** Starts it with pages in this backend. */
export async function startStage(
  platform: Platform,
  backend: PageBackend,
  limits?: Limits,
): Promise<StageApp> {
  const ground = await pageGround(backend, limits);
  const http = await startApp(platform, {
    controllers: [Stage],
    cache: ground.options,
    configure: (app) => {
      app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
        Scene.of(request.url ?? '')?.entered(response);
        next();
      });
    },
  });
  return {
    http,
    ground,
    close: async () => {
      await http.close();
      await ground.remove();
    },
  };
}
