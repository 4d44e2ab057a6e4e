// The page in plain JavaScript, no build step: puts the stories to work on their cards.

import { StoryCard, call, element, followBackend } from './story-card.js';
import { stories } from './stories.js';

async function countView() {
  const answer = await call('POST', '/counters/views');
  document.getElementById('views').textContent = answer.ok
    ? `Views of this page: ${answer.data.views}`
    : '';
}

async function clearCache() {
  const answer = await call('POST', '/clear');
  const note = document.getElementById('clear-note');
  note.textContent = answer.ok
    ? 'Cleared. Sessions are in a cache of their own and stay.'
    : answer.data.message;
}

/** Runs one action; meanwhile its card is marked as busy, for eyes and for screen readers. */
async function run(story, action, given) {
  story.root.ariaBusy = 'true';
  try {
    await action(story, given);
  } catch (error) {
    console.error(error);
    story.show('NO', 0, 'The application does not answer. Is it still running?');
  } finally {
    story.root.ariaBusy = 'false';
  }
}

const WORDS =
  'async|await|class|const|constructor|export|if|new|private|readonly|return|satisfies|throw';
const PARTS = new RegExp(
  `(\`[^\`]*\`|'[^']*'|\\b(?:this\\.)?(?:cache|sessions)\\.\\w+|@\\w+|\\b(?:${WORDS})\\b)`,
);

/** Colours a few lines of code, and lets a line that is too long go on below, further in. */
function colour(code) {
  const lines = code.textContent.split('\n').map((text) => {
    const line = element('span', { className: 'line' });
    line.style.paddingLeft = `${/^ */.exec(text)[0].length + 4}ch`;
    text
      .trim()
      .split(PARTS)
      .forEach((part, index) => {
        // Every second part is one that matched.
        const kind = /^[`']/.test(part) ? 'string' : /^@|\./.test(part) ? 'call' : 'word';
        line.append(
          index % 2 === 0 ? part : element('span', { className: kind, textContent: part }),
        );
      });
    return line;
  });
  code.replaceChildren(...lines);
}

const started = [];
for (const [id, actions] of Object.entries(stories)) {
  const story = new StoryCard(id);
  story.root.addEventListener('click', (event) => {
    const button = event.target.closest('button[type=button][data-do]');
    if (button) void run(story, actions[button.dataset.do], button.dataset);
  });
  story.root.addEventListener('submit', (event) => {
    event.preventDefault();
    const form = Object.fromEntries(new FormData(event.target));
    void run(story, actions[event.target.dataset.do], { form });
  });
  if (actions.start) started.push(run(story, actions.start, {}));
}
for (const code of document.querySelectorAll('figure code')) colour(code);
document.getElementById('clear').addEventListener('click', () => void clearCache());
await Promise.allSettled([followBackend(), countView(), ...started]);
document.querySelector('main').ariaBusy = 'false';
