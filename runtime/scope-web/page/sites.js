// All sites at a glance: what needs somebody first, then a tile a site.

import { h, put, say, shape } from './dom.js';
import { STATES, about, time } from './words.js';

const MOST_TROUBLES = 12;

export class Sites {
  constructor(root, app) {
    this.app = app;
    this.root = root;
    this.trouble = h('section', { class: 'trouble', 'aria-labelledby': 'trouble-title', hidden: true });
    this.tiles = h('ul', { class: 'tiles', 'aria-label': 'Sites' });
    this.hidden = h('p', { class: 'quiet' });
    put(root, this.trouble, this.tiles, this.hidden);
  }

  reset() {
    const { model } = this.app;
    this.parts = model.sites.map((site) => {
      const part = {
        site,
        name: h('span', { class: 'tile-name' }, site.name),
        state: h('span', { class: 'tile-state' }),
        bar: h('div', { class: 'bar' }),
        count: h('span', { class: 'tile-count' }),
        now: h('span', { class: 'tile-now' }),
      };
      part.button = h('button', { type: 'button', class: 'tile', onclick: () => this.app.onlySite(site.id) },
        h('span', { class: 'tile-head' }, part.name, part.state),
        part.bar,
        h('span', { class: 'tile-foot' }, part.count, part.now));
      part.item = h('li', {}, part.button);
      return part;
    });
    put(this.tiles, ...this.parts.map((part) => part.item));
  }

  update() {
    this.tick();
  }

  tick() {
    let n_hidden = 0;
    for (const part of this.parts ?? []) {
      const is_shown = part.site.steps.some((step) => this.app.matches(step)) || !this.app.isFiltered();
      part.item.hidden = !is_shown;
      n_hidden += is_shown ? 0 : 1;
      if (is_shown) this.tile(part);
    }
    say(this.hidden, n_hidden ? `${n_hidden} of ${this.parts.length} sites have no step that is meant: hidden` : '');
    this.troubles();
  }

  tile(part) {
    const { model } = this.app;
    const requests = part.site.steps.filter((step) => step.is_request);
    const { state, word } = model.health(part.site);
    if (part.shown !== state + word) {
      part.shown = state + word;
      put(part.state, shape(state), ` ${word}`);
      part.button.className = `tile is-${state}`;
    }
    drawBar(part.bar, model.counts(requests), requests.length);
    const n_done = requests.filter((step) => step.state === 'done').length;
    say(part.count, `${n_done}/${requests.length}`);
    const running = requests.filter((step) => step.state === 'running');
    const left = model.left(part.site.steps);
    const step = running[0] ?? requests.find((each) => each.state === 'again');
    const more = running.length > 1 ? ` +${running.length - 1}` : '';
    const eta = left === null ? '' : `, about ${about(left)} left`;
    const words = step?.words ? ` ${step.words}` : '';
    const since = step && step.began !== null ? ` ${time(model.now() - step.began)}` : '';
    say(part.now, step ? `${step.kind} ${step.label}${words}${since}${more}${eta}` : '');
    part.button.title = part.now.textContent;
  }

  troubles() {
    const { model } = this.app;
    const steps = model.steps.filter((step) => ['failed', 'unknown', 'parked', 'again'].includes(step.state) && step.is_request);
    const order = Object.keys(STATES);
    steps.sort((one, other) => order.indexOf(one.state) - order.indexOf(other.state) || one.site - other.site || one.id - other.id);
    const owed = model.owed.map(({ step, words }) => ({ step, words, is_owed: true }));
    const all = [...steps.map((step) => ({ step, words: step.words })), ...owed];
    const n_blocked = model.steps.filter((step) => step.state === 'blocked' && step.is_request).length;
    const key = n_blocked + all.map(({ step, words }) => `${step?.id}${step?.state}${words}`).join('|');
    if (key === this.shown_troubles) return;
    this.shown_troubles = key;
    this.trouble.hidden = all.length === 0;
    const rows = all.slice(0, MOST_TROUBLES).map(({ step, words, is_owed }) => h('li', {},
      h('button', { type: 'button', class: 'row', disabled: !step, onclick: () => step && this.app.select(step) },
        h('span', { class: `state is-${is_owed ? 'unknown' : step.state}` }, shape(is_owed ? 'unknown' : step.state), is_owed ? ' owed' : ` ${STATES[step.state].word}`),
        h('b', {}, step?.site_name ?? ''),
        h('span', { class: 'what' }, step ? `${step.kind} ${step.label}` : ''),
        h('span', { class: 'why' }, is_owed ? `an undo is owed: ${words}` : words))));
    const more = all.length - MOST_TROUBLES;
    put(this.trouble,
      h('h2', { id: 'trouble-title' }, `Needs a look: ${all.length}`),
      h('ul', { class: 'rows' }, ...rows),
      n_blocked > 0 && h('p', { class: 'quiet' }, `${n_blocked} more ${n_blocked === 1 ? 'step was' : 'steps were'} not done because of this`),
      more > 0 && h('button', { type: 'button', class: 'more', onclick: () => this.app.showTrouble() }, `and ${more} more`));
  }
}

/** A bar of parts, one for each state; its label says the same in words. */
export function drawBar(bar, counts, total) {
  const parts = ['done', 'skipped', 'tried', 'blocked', 'running', 'again', 'parked', 'unknown', 'failed', 'waiting'].filter((state) => counts[state]);
  const key = parts.map((state) => `${counts[state]} ${STATES[state].word}`).join(', ') + total;
  if (bar.shown === key) return;
  bar.shown = key;
  bar.setAttribute('role', 'img');
  bar.setAttribute('aria-label', parts.map((state) => `${counts[state]} ${STATES[state].word}`).join(', ') || 'no steps');
  put(bar, ...parts.map((state) => {
    const part = h('span', { class: `part is-${state}` });
    part.style.flexGrow = counts[state];
    return part;
  }));
}
