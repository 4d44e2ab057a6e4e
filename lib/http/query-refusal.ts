import { decideRequest } from './http-cache.policy.js';
import { httpRequest, isIdentified, type FrameworkRequest } from './http-exchange.js';
import { requestHead, type RequestHead } from './http-head.js';
import type { QueryBypassReason } from './query-bypass-reasons.js';
import { resolverContextOf } from './resolver-call.js';
import type { RouteCache } from './route-cache.accessor.js';

/** What is used of the context that resolvers share; each field may be missing. */
type GraphqlContext = FrameworkRequest & { readonly req?: unknown };

/** The headers that tell of a body. */
const BODY_HEADERS: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);

/**
 * Why the answer of a query may be for one user, or is not to be kept for another reason that lies in the request or in what
 * the resolver declares; undefined: it may be kept.
 *
 * The request is judged as the request for a page would be that bears its query in the URL.
 *
 * @param args What the resolver is called with.
 */
export function queryRefusal(
  args: readonly unknown[],
  { rules, page, vary }: Pick<RouteCache, 'rules' | 'page' | 'vary'>,
): QueryBypassReason | undefined {
  if ([vary.headers, vary.cookies, vary.users, vary.functions].some((list) => list.length > 0)) {
    return 'vary-on';
  }
  const context: GraphqlContext | undefined = resolverContextOf(args);
  const found = httpRequest(context?.req);
  if (!context || !found) return 'request';
  const { request } = found;
  return decideRequest({
    head: withoutBody(requestHead(request)),
    // An application may put the user beside the request.
    identified: isIdentified(found) || isIdentified({ request, asked: context }),
    neverLives: false,
    rules: { ...rules, isCovered: page.shared === true },
  }).reason;
}

function withoutBody(head: RequestHead): RequestHead {
  const lines = new Map([...head.lines].filter(([name]) => !BODY_HEADERS.has(name)));
  return { ...head, method: 'GET', lines };
}
