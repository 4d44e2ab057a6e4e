/**
 * True for an error that becomes one of the server's (500 and above): an `HttpException` of that kind, or one that bears no
 * status at all. What says that the request was wrong is an answer, not a failure.
 *
 * @see RFC 5861, 4
 */
export function isServerFailure(error: unknown): boolean {
  const { status, statusCode, getStatus } = (error ?? {}) as {
    readonly status?: unknown;
    readonly statusCode?: unknown;
    readonly getStatus?: unknown;
  };
  const own: unknown = typeof getStatus === 'function' ? getStatus.call(error) : status;
  const code = typeof own === 'number' ? own : statusCode;
  return typeof code !== 'number' || code < 100 || code >= 500;
}
