/**
 * Begins to measure, and answers what ends it and tells the milliseconds: those of the clock on the wall; or with `cpu`
 * those for which this process had a core, if that is less.
 */
export function stopwatch(clock) {
  const started = performance.now();
  const cpuStarted = process.cpuUsage();
  return () => {
    const wall = performance.now() - started;
    if (clock !== 'cpu') return wall;
    const { user, system } = process.cpuUsage(cpuStarted);
    return Math.min(wall, (user + system) / 1000);
  };
}
