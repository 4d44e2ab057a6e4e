import { jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';

/** The wall clock of an application and its caches, moved by hand. */
export interface MovedTime {
  /** This many seconds after the beginning. */
  at(seconds: number): void;
  /** Back to the real time. */
  end(): void;
}

/** Stops the wall clock. Timers go on. */
export function moveTime(): MovedTime {
  const start = Date.now();
  const now = jest.spyOn(Date, 'now').mockReturnValue(start);
  return {
    at: (seconds) => {
      now.mockReturnValue(start + seconds * 1000);
    },
    end: () => {
      now.mockRestore();
    },
  };
}

/** Waits until something has come true; what never does runs into the time limit of the test. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(2);
}

/** Holds handlers up until it is opened. */
export interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

export function gate(): Gate {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
