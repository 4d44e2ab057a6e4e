import { dummy } from '../../lib/backends/dummy/index.js';
import { placeOn, type PlaceMaker } from './suite-place.js';

/** Places where nothing is kept. */
export const dummyPlaces: PlaceMaker = {
  backend: 'dummy',
  realTime: false,
  make: (clock, wrap) =>
    placeOn({ backend: 'dummy', factory: (options) => dummy(options) }, clock, wrap),
};
