/**
 * npm run bench -- [memory] [file] [memcached] [http] [import] [--short] [--disk]
 *
 * Without a name: all. `--short` proves in seconds that everything runs; its figures mean nothing and no goal is judged.
 * `--disk` keeps the files of the file benchmarks on the disk of the temporary directory, not in memory.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { filesDirectory } from './harness/directory.mjs';
import { whyNoDjango } from './harness/django.mjs';
import { runScene } from './harness/interleave.mjs';
import { ensurePeers } from './harness/peers.mjs';
import { goalsText, judge, record, tableOf } from './harness/report.mjs';
import { startServers } from './harness/servers.mjs';

const GROUPS = {
  memory: ['memory', 'get-or-set', 'heap'],
  file: ['file'],
  memcached: ['memcached'],
  http: ['http'],
  import: ['import'],
};
const PACE = { ms: 50, rounds: 7, warmUps: 2 };
const SHORT_PACE = { ms: 10, rounds: 3, warmUps: 1 };

const FLAGS = ['--short', '--disk'];

const short = process.argv.includes('--short');
const files = filesDirectory(process.argv.includes('--disk'));
const asked = process.argv.slice(2).filter((argument) => !FLAGS.includes(argument));
const unknown = asked.find((argument) => !(argument in GROUPS));
if (unknown) {
  console.error(
    `There is no benchmark "${unknown}". There are: ${Object.keys(GROUPS).join(', ')}, and the flags ${FLAGS.join(', ')}.`,
  );
  process.exit(2);
}

const peers = ensurePeers();
const started = Date.now();
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, load ${loadavg()[0].toFixed(1)}`,
);
let failed = false;
for (const group of asked.length > 0 ? asked : Object.keys(GROUPS)) {
  for (const name of GROUPS[group]) {
    failed = (await runJob(await import(`./jobs/${name}.mjs`))) || failed;
  }
}
console.log(
  `\n${Math.round((Date.now() - started) / 1000)} s in all. Ratios hold to about ± 15 %.`,
);
process.exitCode = failed ? 1 : 0;

async function runJob(job) {
  console.log(`\n${job.title}`);
  if (job.keepsFiles) console.log(`files in ${files.path}`);
  const servers = job.servers && (await startServers(job.servers));
  try {
    return await measure(job, servers);
  } finally {
    await servers?.stop();
  }
}

async function measure(job, servers) {
  const rows = [];
  const notes = new Set(job.notes);
  const failures = [];
  const pace = short ? SHORT_PACE : (job.pace ?? PACE);
  for (const scene of job.scenes({ short, inMemory: files.isMemory })) {
    if (scene.skip) {
      notes.add(`without ${scene.name}: ${scene.skip}`);
      continue;
    }
    const contestants = scene.contestants.filter((contestant) => {
      const why = whyNot(contestant, servers);
      if (why) notes.add(`without ${contestant.name}: ${why}`);
      return !why;
    });
    if (!contestants.some(({ ours }) => ours)) continue;
    const result = await runScene({ ...scene, contestants }, pace, files.path, servers?.ports);
    rows.push(...result.rows);
    failures.push(...result.failures);
  }
  if (rows.length > 0) console.log(`\n${tableOf(rows)}\n`);
  for (const note of notes) console.log(note);
  for (const { scene, name, reason } of failures)
    console.error(`FAILED ${name} (${scene}): ${reason}`);
  const verdicts = short ? [] : judge(job, rows);
  console.log(short ? 'A short run: no goal is judged.' : goalsText(verdicts));
  write(job, {
    servers: servers?.versions,
    rows: record(rows),
    goals: verdicts,
    notes: [...notes],
    failures,
  });
  return failures.length > 0;
}

/** Why the contestant cannot take part on this machine; undefined if it can. */
function whyNot({ django, needs = [] }, servers) {
  const missing = needs.find((server) => servers.missing[server]);
  return missing ? servers.missing[missing] : django && whyNoDjango(django);
}

function write(job, result) {
  const home = new URL('results/', import.meta.url);
  mkdirSync(home, { recursive: true });
  const about = { date: new Date().toISOString(), node: process.version, short, peers };
  writeFileSync(
    new URL(`${job.name}.json`, home),
    `${JSON.stringify({ job: job.name, title: job.title, ...about, ...result }, undefined, 2)}\n`,
  );
}
