import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { createApp } from './create-app.js';

const app = await createApp();
await app.listen(process.env['PORT'] ?? 3000);
new Logger('SampleApp').log(`Open ${(await app.getUrl()).replace('[::1]', 'localhost')}`);
