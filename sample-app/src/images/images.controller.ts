import type { ServerResponse } from 'node:http';
import {
  Controller,
  Delete,
  Get,
  Header,
  Param,
  ParseEnumPipe,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { CacheService } from 'nestjs-cache-framework';
import { PICTURES, drawPicture } from './picture.js';
import type { PictureName } from './picture.js';

const KnownPicture = new ParseEnumPipe(
  Object.fromEntries(Object.keys(PICTURES).map((name) => [name, name])),
);

/** Pictures kept as bytes. A Buffer goes into the cache as it is and comes back equal, byte by byte: no base64, no JSON. */
@Controller('images')
export class ImagesController {
  constructor(private readonly cache: CacheService) {}

  @Get(':name')
  @Header('Cache-Control', 'no-store') // so that each click asks this server; leave it out to let browsers keep it as well
  async picture(
    @Param('name', KnownPicture) name: PictureName,
    @Res({ passthrough: true }) response: ServerResponse,
  ) {
    let hit = true;
    const png = await this.cache.getOrSet<Buffer>(
      `image:${name}`,
      () => {
        hit = false;
        return drawPicture(name);
      },
      '10m',
    );
    response.setHeader('X-Cache', hit ? 'HIT' : 'MISS');
    return new StreamableFile(png, { type: 'image/png' });
  }

  @Delete(':name')
  async forget(@Param('name', KnownPicture) name: PictureName) {
    return { deleted: await this.cache.delete(`image:${name}`) };
  }
}
