import { median, ratio } from './interleave.mjs';

/** The job's table: a line for each row and each of ours; ours as a figure, every peer as `ours ÷ peer`. */
export function tableOf(rows) {
  const peers = [...new Set(rows.flatMap(({ figures }) => names(figures, false)))];
  const lines = [['', 'ours', ...peers.map((peer) => `÷ ${peer}`)]];
  for (const row of rows) {
    for (const ours of row.figures.filter((figure) => figure.ours)) {
      const ratios = peers.map((name) => {
        const peer = row.figures.find((figure) => figure.name === name);
        return peer ? `${twoDigits(ratio(ours, peer))} ×` : '-';
      });
      const note = ours.name.includes(',') ? ` [${ours.name.split(', ')[1]}]` : '';
      lines.push([`${row.title}${note}`, `${amount(ours.median)} ${row.unit}`, ...ratios]);
    }
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
        )
        .join('  '),
    )
    .join('\n');
}

/** Every goal of the job against every row it is about: { text, found, holds }. */
export function judge(job, rows) {
  const verdicts = job.goals.flatMap((goal) =>
    rows.filter(goal.of).flatMap((row) => {
      const ours = row.figures.find((figure) => figure.name === goal.ours);
      if (!ours) return [];
      const peers = peersOf(goal, row);
      return peers.map((peer) => {
        const text = `${row.title}: ${goal.ours}${peer ? ` ÷ ${peer.name}` : ''}`;
        const found = peer ? ratio(ours, peer) : ours.median;
        const floor = peer && row.figures.find(({ name }) => name === job.floor);
        return verdict(text, found, goal, floor && { name: floor.name, found: ratio(floor, peer) });
      });
    }),
  );
  return [...verdicts, ...(job.growth?.(rows) ?? [])];
}

/** Those that a goal names, or the best of those it is to be the best of; undefined where it is about ours alone. */
function peersOf({ peers, bestOf }, row) {
  if (!peers && !bestOf) return [undefined];
  const taking = row.figures.filter(({ name }) => (peers ?? bestOf).includes(name));
  if (!bestOf) return taking;
  const better = row.lessIsBetter ? (a, b) => a.median - b.median : (a, b) => b.median - a.median;
  return taking.toSorted(better).slice(0, 1);
}

/**
 * @param limit { atLeast } or { atMost }.
 * @param floor { name, found } of what ours is built on, or what can be had at all, called bare; if that is known.
 */
export function verdict(text, found, { atLeast = -Infinity, atMost = Infinity }, floor) {
  return { text, found, atLeast, atMost, floor, holds: found >= atLeast && found <= atMost };
}

/** The verdicts as text: those that do not hold by name, the rest as a number. */
export function goalsText(verdicts) {
  const missed = verdicts.filter(({ holds }) => !holds);
  const lines = missed.map(({ text, found, atLeast, atMost, floor }) => {
    const goal = atMost === Infinity ? `at least ${atLeast}` : `at most ${atMost}`;
    const bare =
      floor?.found < atLeast ? ` (${floor.name} itself reaches ${twoDigits(floor.found)})` : '';
    return `  missed  ${text} is ${twoDigits(found)}, goal ${goal}${bare}`;
  });
  return [`${verdicts.length - missed.length} of ${verdicts.length} goals hold`, ...lines].join(
    '\n',
  );
}

/** What is written as JSON: every sample, so that a run can be looked at again. */
export function record(rows) {
  return rows.map((row) => {
    const ours = row.figures.find((figure) => figure.ours);
    return {
      ...row,
      figures: row.figures.map((figure) => ({
        ...figure,
        median: median(figure.samples),
        ...(ours && !figure.ours ? { oursToThis: ratio(ours, figure) } : {}),
      })),
    };
  });
}

function names(figures, ours) {
  return figures.filter((figure) => figure.ours === ours).map(({ name }) => name);
}

function amount(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return twoDigits(value);
}

function twoDigits(value) {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(value >= 10 ? 1 : 2);
}
