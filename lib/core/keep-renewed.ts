import { RENEWAL_MS } from './lease-time.js';

/**
 * Renews a lease or a lock of `LEASE_SECONDS` in time, until it has ended or the owner stops. Keeps no process alive.
 *
 * @param renew Answers false once it has ended. If it rejects, which is told elsewhere, it is tried again in time.
 * @returns what stops it. Idempotent.
 */
export function keepRenewed(renew: () => Promise<boolean>): () => void {
  const renewOnce = async (): Promise<void> => {
    try {
      if (!(await renew())) clearInterval(renewing);
    } catch {
      // It is tried again in time, or ends.
    }
  };
  const renewing = setInterval(() => void renewOnce(), RENEWAL_MS).unref();
  return () => {
    clearInterval(renewing);
  };
}
