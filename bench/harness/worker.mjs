/**
 * One contestant in a process of its own, so that no contestant pays for another's heap or for another's types in the
 * compiled code. Reads one JSON command a line, answers one JSON line:
 *
 *   { op, ms }  runs the operation for about that long and answers { count, ms }, or what it measures else, or { error }.
 *
 * Argument: JSON { contestant, options, size, kind, fill, clock, directory, ports }.
 */
import { createInterface } from 'node:readline';
import { operationsOf } from './operations.mjs';
import { stopwatch } from './stopwatch.mjs';

// A batch is made large enough for the clock's own cost to vanish.
const CALIBRATION_MS = 4;

const batches = new Map();
const setup = JSON.parse(process.argv[2]);
const { make } = await import(`../contestants/${setup.contestant}.mjs`);
const contestant = await make(setup);
const operations = await operationsOf(contestant, setup);
answer({ ready: true });

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ms } = JSON.parse(line);
  try {
    answer(await timed(operations[op], ms));
  } catch (error) {
    answer({ error: String(error?.stack ?? error) });
  }
}
await contestant.close?.();
process.exit(0);

async function timed(operation, ms) {
  if (operation.once) return operation.once();
  if (operation.forMs) return operation.forMs(ms);
  let batch = operation.batch ?? batches.get(operation) ?? 16;
  let count = 0;
  let spent = 0;
  while (spent < ms) {
    const elapsed = stopwatch(setup.clock);
    await operation.run(batch);
    const took = elapsed();
    count += batch;
    spent += took;
    if (took < CALIBRATION_MS && operation.batch === undefined) batch *= 2;
    // Timers and I/O get their turn between batches, as they would in an application.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  batches.set(operation, batch);
  return { count, ms: spent };
}

function answer(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
