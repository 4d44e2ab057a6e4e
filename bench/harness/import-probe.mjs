/** Imports what it is told, in a process that has loaded nothing else, and answers how long that took. */
import { stopwatch } from './stopwatch.mjs';

const { before, specifiers, clock } = JSON.parse(process.argv[2]);
for (const specifier of before) await import(specifier);
const elapsed = stopwatch(clock);
for (const specifier of specifiers) await import(specifier);
process.stdout.write(JSON.stringify({ ms: elapsed() }));
process.exit(0);
