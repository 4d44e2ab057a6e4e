/** Time that passes as soon as nothing else is left to do in this process, in the order in which it was asked for. */
export interface VirtualTime {
  /** Resolves when so many milliseconds have passed. */
  wait(ms: number): Promise<void>;
}

/** A time of its own, which begins at 0. */
export function virtualTime(): VirtualTime {
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  let now = 0;
  let isPassing = false;

  function pass(): void {
    const [next] = sleepers.toSorted((one, other) => one.at - other.at);
    if (next === undefined) {
      isPassing = false;
      return;
    }
    sleepers.splice(sleepers.indexOf(next), 1);
    now = next.at;
    next.wake();
    setImmediate(pass);
  }

  return {
    wait: (ms) =>
      new Promise((resolve) => {
        sleepers.push({ at: now + ms, wake: resolve });
        if (isPassing) return;
        isPassing = true;
        setImmediate(pass);
      }),
  };
}
