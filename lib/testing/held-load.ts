/** A loader that waits until it is told to bring its value. */
export interface HeldLoad<T> {
  readonly load: () => Promise<T>;
  /** Resolves when it is called. @param call What calls it: if that fails before, so does this. */
  readonly begunBy: (call: Promise<unknown>) => Promise<void>;
  /** The same without a call. */
  readonly begun: Promise<void>;
  readonly end: () => void;
}

/** A loader of a value, which it brings when it is told to. */
export function heldLoad<T>(value: T): HeldLoad<T> {
  let begin!: () => void;
  let end!: () => void;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const load = async (): Promise<T> => {
    begin();
    await ended;
    return value;
  };
  const begunBy = async (call: Promise<unknown>): Promise<void> => {
    await Promise.race([begun, call]);
  };
  return { load, begun, begunBy, end };
}
