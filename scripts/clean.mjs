// nest build empties dist/esm only, and a file left over in dist/cjs would be published.
import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
