import { memory } from '../../lib/backends/memory/index.js';
import { placeOn, type PlaceMaker } from './suite-place.js';

/** Places in this process, with a clock that is moved by hand. */
export const memoryPlaces: PlaceMaker = {
  backend: 'memory',
  realTime: false,
  make: (clock, wrap) => {
    // Caches opened one by one do not know each other, so what the aliases of one application share is handed in.
    const shared = new Map<string, unknown>();
    return placeOn(
      {
        backend: 'memory',
        factory: (options) => (context) => memory(options)({ ...context, shared }),
      },
      clock,
      wrap,
    );
  },
};
