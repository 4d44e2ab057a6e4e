import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ContestantProcess } from './contestant-process.mjs';
import { valuesOf } from './samples.mjs';

/**
 * Runs one scene: every contestant is filled in its own process; then, row by row, they take turns (A B C A B C …), each
 * round begun by another, so that a slow second of the machine hits all of them alike.
 *
 * @param scene { name, size, kind, fill?, clock?: 'cpu' | 'wall', contestants: [{ name, contestant | django, options?, ours? }], rows: [{ op, title, unit? }] }
 * @param pace { ms, rounds, warmUps }
 * @param within The directory in which contestants may keep files; what they leave is removed.
 * @param ports Of the servers, by name, if the job wants any.
 * @returns { rows: [{ scene, title, op, unit, lessIsBetter, figures: [{ name, ours, samples, median }] }], failures: [{ name, reason }] }
 */
export async function runScene(scene, pace, within, ports) {
  const home = await mkdtemp(join(within, 'cache-bench-'));
  const failures = [];
  try {
    const valuesFile = join(home, 'values.json');
    await writeFile(valuesFile, JSON.stringify(valuesOf(scene.kind)));
    const entrants = await enter(scene, { home, values: valuesFile, ports }, failures);
    const results = [];
    for (const row of scene.rows) {
      results.push(await runRow(scene, row, entrants, pace, failures));
    }
    await Promise.all(entrants.map(({ process }) => process.end()));
    return { rows: results, failures };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function enter(scene, { home, values, ports }, failures) {
  const entrants = [];
  // Two at a time: the fill of one that is slow should not delay the others, nor ask for more cores than there are.
  const waiting = [...scene.contestants.entries()];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, contestant] = next;
      const process = new ContestantProcess({
        contestant: contestant.contestant,
        django: contestant.django !== undefined,
        backend: contestant.django,
        options: contestant.options,
        size: scene.size,
        kind: scene.kind,
        fill: scene.fill,
        clock: scene.clock ?? 'wall',
        directory: join(home, String(index)),
        values,
        ports,
      });
      try {
        await process.ready();
        entrants[index] = { ...contestant, process };
      } catch (error) {
        failures.push({ scene: scene.name, name: contestant.name, reason: error.message });
        await process.end();
      }
    }
  };
  await Promise.all([lane(), lane()]);
  return entrants.filter(Boolean);
}

async function runRow(scene, row, entrants, pace, failures) {
  const samples = new Map();
  const taking = entrants.filter(({ without = [] }) => !without.includes(row.op));
  const rounds = row.once ? 1 : pace.warmUps + pace.rounds;
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < taking.length; turn += 1) {
      const entrant = taking[(turn + round) % taking.length];
      if (entrant.failed) continue;
      try {
        const answer = await entrant.process.ask({ op: row.op, ms: pace.ms });
        if (row.once || round >= pace.warmUps) push(samples, entrant.name, sampleOf(row, answer));
      } catch (error) {
        entrant.failed = true;
        failures.push({ scene: row.title, name: entrant.name, reason: error.message });
      }
    }
  }
  const figures = taking
    .filter(({ failed }) => !failed)
    .map(({ name, ours = false }) => {
      const own = samples.get(name);
      return { name, ours, samples: own, median: median(own) };
    });
  const { title, op, unit = 'per s', lessIsBetter = false } = row;
  return { scene: scene.name, title, op, unit, lessIsBetter, figures };
}

function sampleOf(row, answer) {
  if (row.sample) return row.sample(answer);
  return (answer.count / answer.ms) * 1000;
}

function push(samples, name, sample) {
  const own = samples.get(name);
  if (own) own.push(sample);
  else samples.set(name, [sample]);
}

/** The middle of the samples. */
export function median(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How many times `ours` is `peer`: the median of the rounds' ratios, since what disturbs a round disturbs both. */
export function ratio(ours, peer) {
  return median(ours.samples.map((sample, round) => sample / peer.samples[round]));
}
