/**
 * True for the status of an answer that tells of a failure of the server, in whose place a page past its time is better. What
 * says that the request was wrong is an answer, not a failure; so is a status that makes a page.
 *
 * @param statuses Those that make a page.
 * @see RFC 5861, 4
 */
export function isServerFailure(status: number, statuses: ReadonlySet<number>): boolean {
  return status >= 500 && !statuses.has(status);
}
