import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheModule } from '../../lib/cache.module.js';
import { CacheService } from '../../lib/core/cache.service.js';
import { createCache } from '../../lib/create-cache.js';
import type {
  FileCacheOptions,
  MemcachedCacheOptions,
  MemoryCacheOptions,
} from '../../lib/named-cache-options.interface.js';

/** A cache of any backend, as JSON. */
export type LifeCache = FileCacheOptions | MemcachedCacheOptions | MemoryCacheOptions;

/** What a process is to do until it ends by itself. */
export interface LifeTask {
  /**
   * `close`: has calls and loads under way on a cache of a Nest application when that is closed. `signal`: the same when
   * SIGTERM comes and the application closes because of it. `threads`: works on one cache in several threads.
   */
  readonly does: 'close' | 'signal' | 'threads';
  readonly cache: LifeCache;
  readonly calls: number;
  /** `close`, `signal`: how many loads are under way; `threads`: how many threads there are. */
  readonly others: number;
  /**
   * `signal`: true if the process listens for the signal too, so that it goes on after Nest has closed the application and
   * sent the signal again: until nothing keeps it alive. Then it writes what came of the calls to its standard output.
   */
  readonly goesOn?: boolean;
}

/** What came of the calls and loads under way, in numbers. */
export interface LifeFigures {
  readonly begun: number;
  readonly answered: number;
  /** How many were rejected, by the codes of the errors. */
  readonly rejected: Readonly<Record<string, number>>;
}

/** What came of it. */
export interface LifeAnswer {
  /** `close`: how many calls and loads were answered. */
  readonly answered?: number;
  /** `close`: the codes of the errors of the rest. */
  readonly codes?: readonly string[];
  /** `close`: what keeps the process alive after that and did not before. */
  readonly handles?: readonly string[];
  /** `threads`: how many of all `add()` calls on each key won. */
  readonly wins?: readonly number[];
  /** `threads`: what the counter came to that each call counted. */
  readonly count?: number;
}

// Some loads are over before the cache is closed, some after that.
async function load(index: number): Promise<number> {
  await sleep(20 * index);
  return index;
}

function beginCalls(cache: CacheService, { calls }: LifeTask): Promise<unknown>[] {
  const kinds = [
    (key: string) => cache.set(key, key),
    (key: string) => cache.get(key),
    (key: string) => cache.add(key, key),
    (key: string) => cache.incr('count', 1, { initial: 0 }).then(() => key),
    (key: string) => cache.touch(key, 60),
    (key: string) => cache.getMany([key, 'k0']),
  ];
  return Array.from({ length: calls }, (_, index) => kinds[index % kinds.length]!(`k${index}`));
}

function beginLoads(
  cache: CacheService,
  { others }: LifeTask,
  loader: (index: number) => Promise<number>,
): Promise<unknown>[] {
  return Array.from({ length: others }, (_, index) =>
    cache.getOrSet(`load ${index}`, () => loader(index)),
  );
}

async function close(task: LifeTask): Promise<LifeAnswer> {
  @Module({ imports: [CacheModule.forRoot(task.cache)] })
  class App {}

  // Standard output and error are opened when they are first used, and stay.
  const isOpen = process.stdout.writable && process.stderr.writable;
  const before = isOpen ? process.getActiveResourcesInfo() : [];
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const cache = app.get(CacheService);
  const begun = [...beginCalls(cache, task), ...beginLoads(cache, task, load)];
  const under = begun.map((call) =>
    call.then(
      () => 'answered',
      ({ code }: { readonly code: string }) => code,
    ),
  );
  await new Promise((resolve) => setImmediate(resolve));
  await app.close();
  const outcomes = await Promise.all(under);
  // What was let go is gone a turn later.
  await sleep(50);
  const handles = process.getActiveResourcesInfo();
  for (const name of before) if (handles.includes(name)) handles.splice(handles.indexOf(name), 1);
  return {
    answered: outcomes.filter((outcome) => outcome === 'answered').length,
    codes: [...new Set(outcomes.filter((outcome) => outcome !== 'answered'))],
    handles,
  };
}

/** Lets Nest close an application because of SIGTERM, with calls under way and loaders that run. */
async function closeBySignal(task: LifeTask): Promise<void> {
  @Module({ imports: [CacheModule.forRoot(task.cache)] })
  class App {}

  let begun = 0;
  let answered = 0;
  const rejected: Record<string, number> = {};
  const count = (calls: readonly Promise<unknown>[]): void => {
    begun += calls.length;
    for (const call of calls) {
      call.then(
        () => (answered += 1),
        ({ code }: { readonly code: string }) => (rejected[code] = (rejected[code] ?? 0) + 1),
      );
    }
  };
  const app = await NestFactory.create(App, { logger: false });
  const cache = app.get(CacheService);
  // Before Nest hears of the signal, because of which it begins to close in the same turn.
  const signal = new Promise<void>((resolve) => {
    let isFirst = true;
    process[task.goesOn ? 'on' : 'once']('SIGTERM', () => {
      if (isFirst) count(beginCalls(cache, task));
      isFirst = false;
      resolve();
    });
  });
  process.once('exit', () => {
    const figures: LifeFigures = { begun, answered, rejected };
    writeSync(process.stdout.fd, JSON.stringify(figures));
  });
  app.enableShutdownHooks(['SIGTERM']);
  await app.listen(0, '127.0.0.1');
  let running = 0;
  await new Promise<void>((resolve) => {
    const loader = async (index: number): Promise<number> => {
      running += 1;
      if (running === task.others) resolve();
      await signal;
      return load(index);
    };
    count(beginLoads(cache, task, loader));
  });
  process.send!('up', () => process.disconnect());
}

async function inThreads(task: LifeTask): Promise<LifeAnswer> {
  const threads = Array.from(
    { length: task.others },
    () => new Worker(new URL(import.meta.url), { workerData: task }),
  );
  const over = Promise.all(threads.map((thread) => once(thread, 'exit')));
  const won = (await Promise.all(threads.map((thread) => once(thread, 'message')))) as [number[]][];
  await over;
  const cache = await createCache(task.cache);
  const count = await cache.get<number>('count', 0);
  await cache.close();
  const wins = Array.from({ length: task.calls }, (_, key) =>
    won.reduce((sum, [keys]) => sum + (keys.includes(key) ? 1 : 0), 0),
  );
  return { wins, count };
}

/** One of the threads: answers which keys it has added. */
async function work(task: LifeTask): Promise<number[]> {
  const cache = await createCache(task.cache);
  const won: number[] = [];
  for (let key = 0; key < task.calls; key += 1) {
    if (await cache.add(`k${key}`, key)) won.push(key);
    await cache.incr('count', 1, { initial: 0 });
  }
  await cache.close();
  return won;
}

if (isMainThread) {
  const task = JSON.parse(process.argv[2]!) as LifeTask;
  process.send!({ ready: true });
  await once(process, 'message');
  if (task.does === 'signal') {
    await closeBySignal(task);
  } else {
    const answer = await (task.does === 'close' ? close(task) : inThreads(task));
    process.send!(answer, () => process.disconnect());
  }
} else {
  const answer = await work(workerData as LifeTask);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  parentPort!.postMessage(answer);
}
