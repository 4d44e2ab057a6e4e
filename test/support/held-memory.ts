import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The bytes that are held in buffers, without those that only wait to be collected. The heap is the whole test run's. */
export function heldBuffers(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}
