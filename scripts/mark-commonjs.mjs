// The package is "type": "module"; this file inside dist/cjs tells Node and TypeScript that the second build is CommonJS.
import { writeFileSync } from 'node:fs';

writeFileSync(new URL('../dist/cjs/package.json', import.meta.url), '{\n  "type": "commonjs"\n}\n');
