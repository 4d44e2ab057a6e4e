// What all stories need: requests to the server, elements of the page, and the card that shows a result.

/** One request. Answers the status, the body, and the milliseconds that the server measured. */
export async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    // The browser's own cache stays out of it: every click is to reach the server.
    cache: 'no-store',
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const isJson = response.headers.get('Content-Type')?.includes('json');
  const data = isJson ? await response.json() : await response.arrayBuffer();
  return {
    ok: response.ok,
    status: response.status,
    headers: response.headers,
    data,
    ms: serverTime(response),
  };
}

/** The milliseconds in the header `Server-Timing`. */
export function serverTime(response) {
  return Number(/dur=([\d.]+)/.exec(response.headers.get('Server-Timing') ?? '')?.[1] ?? 0);
}

export const find = (selector, root = document) => root.querySelector(selector);

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** One card: shows results, and keeps the last of them as a row of bars. */
export class StoryCard {
  #bars = element('span', { className: 'bars', ariaHidden: 'true' });

  constructor(id) {
    this.root = document.getElementById(id);
    this.result = find('.result', this.root);
    this.result.append(element('span', { className: 'text', textContent: 'Press a button.' }));
  }

  find(selector) {
    return find(selector, this.root);
  }

  /** @param badge `HIT`, `MISS` or another short word. @param ms Measured by the server. */
  show(badge, ms, text) {
    const kind =
      { HIT: 'hit', MISS: 'miss', WON: 'hit', LOST: 'miss', AWAY: 'away', NO: 'away' }[badge] ??
      'plain';
    const label = element('b', { className: 'badge', textContent: badge });
    label.dataset.kind = kind;
    this.#addBar(kind, ms);
    this.result.replaceChildren(
      label,
      element('span', {
        className: 'ms',
        textContent: `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`,
      }),
      this.#bars,
      element('span', { className: 'text', textContent: text }),
    );
  }

  /** True if all went well; else what went wrong stands on the card. */
  accepts(answer) {
    const wasAway = document.getElementById('backend').dataset.state === 'away';
    if (answer.ok && wasAway) void showBackend();
    if (answer.ok) return true;
    this.show(
      answer.status === 503 ? 'AWAY' : 'NO',
      answer.ms,
      answer.data.message ?? `The server answered ${answer.status}.`,
    );
    if (answer.status === 503) void showBackend();
    return false;
  }

  // A logarithm, because a hit and a miss may be three powers of ten apart.
  #addBar(kind, ms) {
    const bar = element('i');
    bar.dataset.kind = kind;
    bar.style.height = `${Math.min(100, 12 + 28 * Math.log10(1 + ms * 3))}%`;
    this.#bars.append(bar);
    while (this.#bars.childElementCount > 16) this.#bars.firstElementChild.remove();
  }
}

/** A table with these titles; numbers are written as numbers. */
export function tableOf(titles, rows) {
  const cell = (name) => (value) => {
    const text = typeof value === 'number' ? value.toLocaleString('en') : value;
    return element(name, {
      className: typeof value === 'number' ? 'number' : '',
      textContent: text,
    });
  };
  const head = element('tr', {}, ...titles.map(cell('th')));
  const body = rows.map((row) => element('tr', {}, ...row.map(cell('td'))));
  const table = element('table', {}, element('thead', {}, head), element('tbody', {}, ...body));
  return element('div', { className: 'scroll', tabIndex: 0 }, table);
}

/** Shows at the top which backend is active, and which of its servers answer. */
export async function showBackend() {
  const chip = document.getElementById('backend');
  const { data } = await call('GET', '/status');
  const { backend, answers, servers } = data;
  const isPool = servers.length > 1;
  const shown = isPool ? servers : [{ server: backend, state: answers ? 'up' : 'down' }];
  const away = shown.filter(({ state }) => state === 'down').map(({ server }) => server);
  // Only what has changed is written, so that nothing is read out twice.
  const seen = JSON.stringify(shown);
  if (chip.dataset.seen === seen) return;
  chip.dataset.seen = seen;
  chip.dataset.state = answers ? 'up' : 'away';
  chip.replaceChildren(...(isPool ? [backend.split(' ')[0]] : []), ...shown.map(serverMark));
  document.getElementById('outage').textContent = outageText(away, shown.length);
}

/** The same every two seconds, as long as somebody looks at the page. */
export async function followBackend() {
  setInterval(() => {
    if (document.visibilityState === 'visible') void showBackend().catch(showSilence);
  }, 2_000);
  await showBackend();
}

function serverMark({ server, state }) {
  const text = state === 'down' ? `${server} (away)` : server;
  const dot = element('span', { className: 'dot', ariaHidden: 'true' });
  const mark = element(
    'span',
    { className: 'server' },
    dot,
    element('span', { textContent: text }),
  );
  mark.dataset.state = state;
  return mark;
}

function outageText(away, count) {
  if (away.length === 0) return '';
  if (away.length < count)
    return `${away.join(', ')} is away: its keys are misses until it is back. The others go on.`;
  return 'The cache is away. What can be answered without it is, and what needs it to decide says so.';
}

function showSilence() {
  const chip = document.getElementById('backend');
  delete chip.dataset.seen;
  chip.dataset.state = 'away';
  document.getElementById('outage').textContent =
    'The application does not answer. Is it still running?';
}
