// The stories: each is a small object of actions, and the buttons of its card name them in `data-do`.

import { call, element, find, serverTime, tableOf } from './story-card.js';

const gather = (crowd) => crowd.replaceChildren(...Array.from({ length: 100 }, () => element('i')));

/** By the id of their card. `start` runs when the page is opened. */
export const stories = {
  captcha: {
    async create(story) {
      const answer = await call('POST', '/captcha');
      if (!story.accepts(answer)) return;
      const { id, picture, seconds, tries } = answer.data;
      story.root.dataset.captcha = id;
      story.find('.picture').src = `data:image/svg+xml,${encodeURIComponent(picture)}`;
      story.find('input').value = '';
      story.show('SET', answer.ms, `Kept for ${seconds} s and ${tries} tries.`);
    },
    async check(story, { form }) {
      const answer = await call('POST', `/captcha/${story.root.dataset.captcha}`, form);
      if (!story.accepts(answer)) return;
      const { solved, cache, triesLeft } = answer.data;
      const gone =
        cache === 'MISS' ? 'No such captcha any more: its time or its tries are over.' : '';
      const wrong = `Wrong. ${triesLeft} ${triesLeft === 1 ? 'try' : 'tries'} left.`;
      story.show(cache, answer.ms, solved ? 'Right! It is used up now.' : gone || wrong);
    },
    start: (story) => stories.captcha.create(story),
  },

  sms: {
    async send(story, { form }) {
      const answer = await call('POST', '/sms', form);
      if (!story.accepts(answer)) return;
      const message = story.find('.message');
      message.textContent = answer.data.sms;
      message.dataset.empty = 'false';
      story.show('SENT', answer.ms, `The next code may be sent in ${answer.data.waitSeconds} s.`);
    },
    async check(story, { form }) {
      const phone = story.find('[name=phone]').value;
      const answer = await call('POST', '/sms/check', { phone, ...form });
      if (!story.accepts(answer)) return;
      const { verified, cache, triesLeft } = answer.data;
      const gone =
        cache === 'MISS'
          ? 'There is no code for this number: used, expired or tried too often.'
          : '';
      const wrong = `Wrong. ${triesLeft} ${triesLeft === 1 ? 'try' : 'tries'} left.`;
      story.show(cache, answer.ms, verified ? 'Your number is verified.' : gone || wrong);
    },
  },

  session: {
    async logIn(story, { form }) {
      const answer = await call('POST', '/session', form);
      if (story.accepts(answer))
        story.show('SET', answer.ms, `Hello, ${answer.data.user}. Your session is in the cache.`);
    },
    async whoAmI(story) {
      const answer = await call('GET', '/session');
      if (!story.accepts(answer)) return;
      const { cache, user, since } = answer.data;
      const known = () =>
        `You are ${user}, logged in since ${new Date(since).toLocaleTimeString()}.`;
      story.show(cache, answer.ms, user ? known() : 'Nobody is logged in.');
    },
    async logOut(story) {
      const answer = await call('DELETE', '/session');
      if (!story.accepts(answer)) return;
      story.show(
        answer.data.deleted ? 'DELETED' : 'MISS',
        answer.ms,
        answer.data.deleted ? 'Goodbye.' : 'There was no session.',
      );
    },
    start: (story) => stories.session.whoAmI(story),
  },

  report: {
    async ask(story) {
      const answer = await call('GET', `/reports/${story.find('select').value}`);
      if (!story.accepts(answer)) return;
      const { cache, city, rows, queries } = answer.data;
      const table = rows.map((row) => [`${row.first} and ${row.second}`, row.together]);
      story
        .find('.answer')
        .replaceChildren(tableOf([`Bought together in ${city}`, 'Customers'], table));
      story.show(cache, answer.ms, `Queries run since the start: ${queries}.`);
    },
    async crowd(story) {
      const path = `/reports/${story.find('select').value}`;
      const answers = await Promise.all(Array.from({ length: 10 }, () => call('GET', path)));
      if (!answers.every((answer) => story.accepts(answer))) return;
      const ran = answers.filter((answer) => answer.data.cache === 'MISS').length;
      const slowest = Math.max(...answers.map((answer) => answer.ms));
      story.show(
        ran ? 'MISS' : 'HIT',
        slowest,
        `Ten asked at once; the query ran ${['not at all', 'once'][ran] ?? `${ran} times`}.`,
      );
    },
    async forget(story) {
      const answer = await call('DELETE', `/reports/${story.find('select').value}`);
      if (!story.accepts(answer)) return;
      story.show(
        answer.data.deleted ? 'DELETED' : 'MISS',
        answer.ms,
        answer.data.deleted ? 'The next one asks the table.' : 'It was not there.',
      );
    },
  },

  rates: {
    async ask(story) {
      const crowd = story.find('.crowd');
      gather(crowd);
      const started = performance.now();
      const answers = await Promise.all(
        Array.from(crowd.children, async (visitor) => {
          const answer = await call('GET', '/rates');
          visitor.dataset.kind = answer.ok ? answer.data.cache.toLowerCase() : 'away';
          return answer;
        }),
      );
      if (!answers.every((answer) => story.accepts(answer))) return;
      const loads = answers.filter((answer) => answer.data.cache === 'MISS').length;
      const slowest = Math.max(...answers.map((answer) => answer.ms));
      const many = `${loads} loads, as nothing could be kept`;
      const told = ['nobody had to load', 'one load', many][Math.min(loads, 2)];
      story.show(
        loads > 0 ? 'MISS' : 'HIT',
        slowest,
        `A hundred asked, ${told}. All had it in ${(performance.now() - started).toFixed(0)} ms.`,
      );
    },
    async forget(story) {
      const answer = await call('DELETE', '/rates');
      if (!story.accepts(answer)) return;
      gather(story.find('.crowd'));
      story.show(
        answer.data.deleted ? 'DELETED' : 'MISS',
        answer.ms,
        answer.data.deleted ? 'The next one asks the bank.' : 'It was not there.',
      );
    },
    start(story) {
      gather(story.find('.crowd'));
    },
  },

  news: {
    async load(story) {
      const started = performance.now();
      // Without cookies, as from any visitor: what is sent with one may belong to somebody and is not cached.
      const response = await fetch('/news', { cache: 'no-store', credentials: 'omit' });
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      const state = response.headers.get('X-Cache') ?? 'NO';
      story.find('[data-fact=x-cache]').textContent = state;
      story.find('[data-fact=age]').textContent = `${response.headers.get('Age') ?? 0} s`;
      story.find('[data-fact=made]').textContent = find('time', page)?.textContent ?? '-';
      const told = `${(performance.now() - started).toFixed(0)} ms as the browser saw it.`;
      story.show(
        state,
        serverTime(response),
        state === 'HIT' ? `The handler did not run. ${told}` : `The handler ran. ${told}`,
      );
    },
  },

  images: {
    async show(story, { name = story.root.dataset.name ?? 'fern' }) {
      const answer = await call('GET', `/images/${name}`);
      if (!story.accepts(answer)) return;
      const bytes = new Uint8Array(answer.data);
      const before = stories.images.seen.get(name);
      stories.images.seen.set(name, bytes);
      const picture = story.find('.picture');
      URL.revokeObjectURL(picture.src);
      picture.src = URL.createObjectURL(new Blob([bytes], { type: 'image/png' }));
      picture.alt = `The picture "${name}"`;
      story.root.dataset.name = name;
      const same =
        before?.length === bytes.length && before.every((byte, index) => byte === bytes[index]);
      const told = before ? (same ? ', equal to those before' : ', NOT those of before') : '';
      story.show(
        answer.headers.get('X-Cache'),
        answer.ms,
        `${bytes.length.toLocaleString('en')} bytes${told}.`,
      );
    },
    async forget(story) {
      const answer = await call('DELETE', `/images/${story.root.dataset.name ?? 'fern'}`);
      if (!story.accepts(answer)) return;
      story.show(
        answer.data.deleted ? 'DELETED' : 'MISS',
        answer.ms,
        answer.data.deleted ? 'The next one is drawn anew.' : 'It was not there.',
      );
    },
    seen: new Map(),
    start: (story) => stories.images.show(story, {}),
  },

  votes: {
    async vote(story, { drink, vote }) {
      const answer = await call('POST', `/counters/votes/${drink}`, { vote });
      if (!story.accepts(answer)) return;
      story.find(`[data-count=${drink}]`).textContent = answer.data.votes;
      story.show(vote === 'give' ? '+1' : '−1', answer.ms, `${answer.data.votes} for ${drink}.`);
    },
    async twenty(story) {
      const before = await call('GET', '/counters/votes');
      const answers = await Promise.all(Array.from({ length: 20 }, voteForTea));
      const after = await call('GET', '/counters/votes');
      if (![...answers, before, after].every((answer) => story.accepts(answer))) return;
      story.find('[data-count=tea]').textContent = after.data.tea;
      const slowest = Math.max(...answers.map((answer) => answer.ms));
      story.show(
        '+20',
        slowest,
        `From ${before.data.tea} to ${after.data.tea}: exactly ${after.data.tea - before.data.tea} more.`,
      );
    },
    async start(story) {
      const answer = await call('GET', '/counters/votes');
      if (!story.accepts(answer)) return;
      for (const drink of ['tea', 'coffee'])
        story.find(`[data-count=${drink}]`).textContent = answer.data[drink];
      story.show(
        answer.data.cache,
        answer.ms,
        answer.data.cache === 'HIT' ? 'The votes so far.' : 'No votes yet.',
      );
    },
  },

  lock: {
    async take(story, { owner }) {
      const answer = await call('POST', '/lock', { owner });
      if (!story.accepts(answer)) return;
      showHolder(story, answer.data);
      const { won } = answer.data;
      story.show(
        won ? 'WON' : 'LOST',
        answer.ms,
        won ? `${owner} has the lock.` : `${owner} came too late.`,
      );
    },
    async both(story) {
      const answers = await Promise.all(
        ['Anna', 'Ben'].map((owner) => call('POST', '/lock', { owner })),
      );
      if (!answers.every((answer) => story.accepts(answer))) return;
      const winner = answers.find((answer) => answer.data.won);
      showHolder(story, (winner ?? answers[0]).data);
      const ms = Math.max(...answers.map((answer) => answer.ms));
      if (winner) story.show('WON', ms, `Both asked, ${winner.data.owner} won.`);
      else story.show('LOST', ms, 'Both asked, and it was taken.');
    },
    async release(story) {
      const { owner = 'Anna' } = story.root.dataset;
      const answer = await call('DELETE', '/lock', { owner });
      if (!story.accepts(answer)) return;
      if (answer.data.released) showHolder(story, {});
      story.show(
        answer.data.released ? 'FREE' : 'MISS',
        answer.ms,
        answer.data.released ? `${owner} gave it back.` : 'There was nothing to give back.',
      );
    },
    async start(story) {
      const answer = await call('GET', '/lock');
      if (!story.accepts(answer)) return;
      showHolder(story, answer.data);
      story.show(
        answer.data.cache,
        answer.ms,
        answer.data.owner ? 'Somebody has it.' : 'The lock is free.',
      );
    },
  },

  prices: {
    async store(story) {
      const answer = await call('POST', '/prices');
      if (!story.accepts(answer)) return;
      const { stored, failed } = answer.data;
      await showPrices(story);
      if (failed.length > 0)
        story.show(
          'AWAY',
          answer.ms,
          `${stored} stored, ${failed.length} could not be: the cache is away.`,
        );
      else story.show('SET', answer.ms, `${stored} keys stored with one call.`);
    },
    async list(story) {
      const answer = await showPrices(story);
      if (!answer) return;
      const hits = answer.data.filter((price) => price.cache === 'HIT').length;
      story.show(hits > 0 ? 'HIT' : 'MISS', answer.ms, `${hits} of ${answer.data.length} found.`);
    },
    async forget(story) {
      const answer = await call('DELETE', '/prices');
      if (!story.accepts(answer)) return;
      await showPrices(story);
      story.show('DELETED', answer.ms, `${answer.data.deleted} of 3 were there.`);
    },
    start: (story) => stories.prices.list(story),
  },

  stats: {
    async ask(story) {
      const answer = await call('GET', '/stats');
      if (!story.accepts(answer)) return;
      const columns = ['server', 'state', 'items', 'bytes', 'hits', 'misses', 'evictions'];
      const rows = answer.data.map((server) => columns.map((column) => server[column] ?? '-'));
      story.find('.answer').replaceChildren(tableOf(columns, rows));
      const down = answer.data.filter((server) => server.state === 'down').length;
      if (down > 0) story.show('AWAY', answer.ms, `${down} of ${answer.data.length} servers away.`);
      else
        story.show(
          'UP',
          answer.ms,
          answer.data.length === 1 ? 'It answers.' : `All ${answer.data.length} answer.`,
        );
    },
    start: (story) => stories.stats.ask(story),
  },
};

function voteForTea() {
  return call('POST', '/counters/votes/tea', { vote: 'give' });
}

async function showPrices(story) {
  const answer = await call('GET', '/prices');
  if (!story.accepts(answer)) return undefined;
  const chips = answer.data.map(({ name, cache, price }) => {
    const chip = element(
      'li',
      {},
      element('span', { textContent: name }),
      element('b', { textContent: price?.toFixed(2) ?? 'miss' }),
    );
    chip.dataset.kind = cache.toLowerCase();
    return chip;
  });
  story.find('.prices').replaceChildren(...chips);
  return answer;
}

let lockTimer;
function showHolder(story, { owner, until }) {
  clearInterval(lockTimer);
  const holder = story.find('.holder');
  const tick = () => {
    const left = owner ? Math.ceil((new Date(until) - Date.now()) / 1000) : 0;
    holder.dataset.held = String(left > 0);
    find('.who', holder).textContent =
      left > 0 ? `${owner} has the lock, ${left} s left.` : 'Nobody has the lock.';
    if (left <= 0) clearInterval(lockTimer);
  };
  if (owner) {
    story.root.dataset.owner = owner;
    lockTimer = setInterval(tick, 250);
  }
  tick();
}
