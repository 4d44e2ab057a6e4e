/**
 * Asks again while the answer comes too late: with a short deadline, a busy machine looks like a slow server.
 *
 * @throws The last CacheTimeoutError, after a hundred of them; every other error at once.
 */
export async function inTime<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 100 || (error as { code?: unknown }).code !== 'CACHE_TIMEOUT') throw error;
    }
  }
}
