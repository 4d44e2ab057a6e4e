import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** System calls of a process that go wrong. */
export interface Injection {
  /** How often the process made one of these calls so far. */
  count(): number;
  /** Lets them go right again. */
  end(): Promise<void>;
}

/** Why no process can be traced here; undefined if one can. */
export const straceMissing: string | undefined = whyMissing();

/**
 * Has system calls of a process go wrong, from now on and in all of its threads.
 *
 * @param calls Names as strace knows them, such as `link,linkat`.
 * @param fault What happens to them, such as `error=EIO` or `delay_enter=1000000` (microseconds).
 * @param log A file for strace to write to.
 */
export async function inject(
  pid: number,
  calls: string,
  fault: string,
  log: string,
): Promise<Injection> {
  const child = spawn(
    'strace',
    ['-f', '-p', `${pid}`, '-o', log, '-e', `trace=${calls}`, '-e', `inject=${calls}:${fault}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(child, 'exit');
  let said = '';
  while (!said.includes('attached')) {
    const [chunk] = (await Promise.race([once(child.stderr, 'data'), ended])) as [unknown];
    if (!Buffer.isBuffer(chunk)) throw new Error(`strace ended: ${said.trim()}`);
    said += chunk.toString();
  }
  return {
    // A call that takes long is written down in two parts, the second of which says that it is resumed.
    count: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => /^\d+ +\w+\(/.test(line)).length,
    end: async () => {
      child.kill('SIGINT');
      await ended;
    },
  };
}

function whyMissing(): string | undefined {
  const { error, status, stderr } = spawnSync('strace', ['-f', '-e', 'trace=none', 'true']);
  if (error) return 'strace is not on the PATH';
  return status === 0 ? undefined : `no process can be traced: ${stderr.toString().trim()}`;
}
