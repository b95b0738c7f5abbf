// The steps as a table, and the log of one of them.

import { h, put, say, shape } from './dom.js';
import { STATES, bytes, time } from './words.js';

/** So many rows are in the page at once. */
const AT_ONCE = 300;

export class Steps {
  constructor(root, app) {
    this.app = app;
    this.n_shown = AT_ONCE;
    this.note = h('p', { class: 'quiet tools' });
    this.body = h('tbody');
    this.more = h('button', { type: 'button', class: 'more', onclick: () => this.grow() });
    const head = ['State', 'Site', 'Resource', 'Took', 'What'].map((words) => h('th', { scope: 'col' }, words));
    put(root, this.note, h('table', {}, h('thead', {}, h('tr', {}, ...head)), this.body), this.more);
  }

  reset() {
    this.n_shown = AT_ONCE;
    this.rows = new Map();
    this.filtered();
  }

  grow() {
    this.n_shown += AT_ONCE;
    this.filtered();
  }

  filtered() {
    const { model } = this.app;
    const steps = model.steps.filter((step) => this.app.matches(step));
    put(this.body, ...steps.slice(0, this.n_shown).map((step) => this.row(step).element));
    const left = steps.length - this.n_shown;
    this.more.hidden = left <= 0;
    say(this.more, `Show ${Math.min(left, AT_ONCE)} more of ${left}`);
    say(this.note, `${steps.length} of ${model.steps.length} steps`);
  }

  row(step) {
    let row = this.rows.get(step.id);
    if (!row) {
      row = { state: h('td'), took: h('td', { class: 'number' }), what: h('td', { class: 'what' }) };
      row.button = h('button', { type: 'button', onclick: () => this.app.select(step) }, `${step.kind} ${step.label}`);
      row.element = h('tr', {}, row.state, h('td', {}, step.site_name), h('th', { scope: 'row' }, row.button), row.took, row.what);
      this.rows.set(step.id, row);
    }
    if (row.shown !== step.state) {
      row.shown = step.state;
      row.element.className = `is-${step.state}`;
      put(row.state, h('span', { class: `state is-${step.state}` }, shape(step.state), ` ${STATES[step.state].word}`));
    }
    say(row.took, took(this.app.model, step));
    say(row.what, step.words);
    row.element.classList.toggle('is-selected', step === this.app.selected);
    return row;
  }

  update(changed) {
    if (this.app.filter.states.size || this.app.filter.text) {
      this.filtered();
      return;
    }
    for (const id of changed ?? this.rows.keys()) {
      if (this.rows.has(id)) this.row(this.app.model.steps[id]);
    }
  }

  tick() {
    for (const step of this.app.model.steps) {
      if (step.state === 'running' && this.rows.has(step.id)) this.row(step);
    }
  }

  show(step) {
    this.rows.get(step.id)?.element.scrollIntoView({ block: 'nearest' });
  }
}

function took(model, step) {
  if (step.began === null) return '';
  return time((step.ended ?? model.now()) - step.began);
}

/** Everything about one step. */
export class Detail {
  constructor(root, app) {
    this.root = root;
    this.app = app;
  }

  draw() {
    const { selected: step, model } = this.app;
    this.root.hidden = !step;
    if (!step) {
      this.shown = null;
      return;
    }
    const key = `${model.n_plans} ${step.id} ${step.log.length} ${step.words} ${step.state} ${step.before.map((edge) => model.steps[edge.step].state)}`;
    if (key === this.shown) {
      if (this.took) say(this.took, took(model, step) || '—');
      return;
    }
    this.shown = key;
    const focused = this.root.contains(document.activeElement) && document.activeElement.dataset.key;
    this.took = h('dd', {}, took(model, step) || '—');
    const facts = [
      ['Site', step.site_name],
      ['Type', step.resource_type ?? step.kind],
      ['Does', step.verb],
      ['Program', `${step.file}:${step.line}`],
      step.scope && ['Scope', step.scope],
      step.when.length && ['Alternative', step.when.map(([choice, arm]) => model.plan.choices[choice].arms[arm]).join(', ')],
      step.began !== null && ['Began', `at ${time(step.began)}`],
    ].filter(Boolean);
    put(this.root,
      h('div', { class: 'detail-head' },
        h('h2', {}, `${step.kind} ${step.label}`),
        h('button', { type: 'button', 'data-key': 'close', class: 'close', 'aria-label': 'Close', title: 'Close (Escape)', onclick: () => this.app.select(null) }, '×')),
      h('p', { class: `state is-${step.state}` }, shape(step.state), ` ${STATES[step.state].word}`, h('span', { class: 'quiet' }, ` ${STATES[step.state].title}`)),
      step.failure ? failure(step.failure) : step.words && h('p', { class: 'words' }, step.words),
      step.progress?.total && step.state === 'running' && transfer(step),
      h('dl', { class: 'facts' }, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]), h('dt', {}, 'Took'), this.took),
      h('h3', {}, 'Log'),
      step.log.length
        ? h('ol', { class: 'log' }, ...step.log.map(({ at, word, words }) => h('li', {},
          h('time', {}, time(at)), h('b', { class: `is-${word}` }, word), h('span', {}, words))))
        : h('p', { class: 'quiet' }, 'nothing yet'),
      this.others('Waits for', step.before, step),
      this.others('Waited for by', step.after, step));
    if (focused) this.root.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  others(title, edges) {
    if (!edges.length) return null;
    const { model } = this.app;
    const ids = [...new Set(edges.map((edge) => edge.step))];
    const rows = ids.slice(0, 40).map((id) => {
      const step = model.steps[id];
      return h('li', {}, h('button', { type: 'button', 'data-key': `${title}${id}`, onclick: () => this.app.select(step) },
        h('span', { class: `state is-${step.state}` }, shape(step.state), ` ${STATES[step.state].word}`), ` ${step.site_name} ${step.kind} ${step.label}`));
    });
    return h('div', {}, h('h3', {}, `${title} (${ids.length})`), h('ul', { class: 'others' }, ...rows),
      ids.length > 40 && h('p', { class: 'quiet' }, `and ${ids.length - 40} more`));
  }
}

function transfer({ progress, rate }) {
  const { done, total } = progress;
  return h('div', { class: 'transfer' },
    h('progress', { max: total, value: done, 'aria-label': 'Content on its way' }),
    h('span', {}, ` ${bytes(done)} of ${bytes(total)}${rate ? `, ${bytes(rate)}/s` : ''}`));
}

function failure(failure) {
  const request = [failure.request, failure.status && `answered ${failure.status}`].filter(Boolean).join(' ');
  const candidates = failure.candidates ?? [];
  return h('div', { class: 'failure' },
    h('p', {}, h('b', {}, failure.code), ` ${failure.message}`),
    request && h('p', {}, h('code', {}, request)),
    failure.site_words && h('pre', {}, failure.site_words),
    candidates.length > 0 && h('ul', {}, ...candidates.map((each) => h('li', {}, `${each.identity} ${JSON.stringify(each.details)}`))),
    ...(failure.help ?? []).map((help) => h('p', { class: 'help' }, `help: ${help}`)));
}
