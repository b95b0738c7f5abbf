// When each step ran: a lane a site, a bar an attempt, and the chain of steps that the end waited for.

import { h, put, roving, s, say } from './dom.js';
import { STATES, time } from './words.js';

const LEFT = 168;
const PAD = 6;

export class Timeline {
  constructor(root, app) {
    this.app = app;
    this.zoom = h('input', { type: 'range', min: 1, max: 20, step: 0.5, value: 1, id: 'zoom', oninput: () => this.draw() });
    this.note = h('span', { class: 'quiet' });
    this.canvas = h('div', { class: 'gantt' });
    this.scroll = h('div', { class: 'scroll', role: 'group', 'aria-label': 'Timeline by site; arrow keys go from step to step' }, this.canvas);
    this.chain = h('section', { class: 'chain', hidden: true, 'aria-labelledby': 'chain-title' });
    put(root, h('div', { class: 'tools' }, h('label', { for: 'zoom' }, 'Zoom '), this.zoom, this.note), this.chain, this.scroll);
    this.rove = roving(this.scroll, '.span', (span) => this.app.select(this.app.model.steps[Number(span.dataset.step)]));
    new ResizeObserver(() => this.draw()).observe(this.scroll);
  }

  reset() {
    this.draw();
  }

  update() {
    this.draw();
  }

  filtered() {
    this.draw();
  }

  tick() {
    if (!this.app.model.ended && this.app.model.clock) this.draw();
  }

  show(step) {
    this.canvas.querySelector(`[data-step="${step.id}"]`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  draw() {
    const { model } = this.app;
    const room = this.scroll.clientWidth;
    if (!room) return;
    const focused = document.activeElement?.dataset?.step;
    const end = Math.max(model.ended?.at_ms ?? model.now(), 1);
    const width = Math.max(200, (room - LEFT - 24) * Number(this.zoom.value));
    const x = (ms) => LEFT + (ms / end) * width;
    const chain = model.ended ? model.critical() : [];
    const in_chain = new Set(chain);
    const shown = model.steps.filter((step) => step.attempts.length && step.is_request && this.app.matches(step));
    const bar = shown.length > 400 ? 8 : 16;
    const gap = shown.length > 400 ? 2 : 4;
    const svg = s('svg', { class: 'spans' });
    const lanes = [];
    let y = 28;
    for (const site of model.sites) {
      const steps = site.steps.filter((step) => step.attempts.length && step.is_request && this.app.matches(step));
      if (!steps.length) continue;
      const rows = pack(steps, end);
      const height = rows.length * (bar + gap) + PAD * 2;
      const lane = h('div', { class: 'lane' }, h('span', { class: 'lane-name' }, site.name));
      lane.style.top = `${y}px`;
      lane.style.height = `${height}px`;
      lanes.push(lane);
      rows.forEach((row, index) => {
        for (const step of row) svg.append(this.span(step, x, y + PAD + index * (bar + gap), bar, end, in_chain.has(step)));
      });
      y += height;
    }
    const full = LEFT + width + 24;
    svg.setAttribute('width', full);
    svg.setAttribute('height', y + 8);
    this.canvas.style.width = `${full}px`;
    this.canvas.style.height = `${y + 8}px`;
    svg.prepend(...ticks(end, width).flatMap((ms) => [
      s('line', { x1: x(ms), x2: x(ms), y1: 22, y2: y, class: 'tick' }),
      s('text', { x: x(ms), y: 16, class: 'tick-text' }, time(ms)),
    ]));
    put(this.canvas, ...lanes, svg);
    say(this.note, `${shown.length} of ${model.steps.filter((step) => step.is_request).length} steps ran, ${time(end)}${model.plan.is_simulated ? ' of simulated time' : ''}`);
    this.chained(chain, end);
    if (focused) this.canvas.querySelector(`[data-step="${focused}"]`)?.focus();
    this.rove.refresh();
  }

  /** One step: its attempts, the pauses between them, and its name where there is room. */
  span(step, x, y, height, end, is_critical) {
    const from = x(step.attempts[0].from);
    const to = x(step.ended ?? end);
    const parts = step.attempts.map((attempt) => s('rect', {
      x: x(attempt.from), y, height, width: Math.max(2, x(attempt.to ?? end) - x(attempt.from)), rx: 2,
      class: `attempt is-${attempt.ended}`,
    }));
    const words = `${step.kind} ${step.label}: ${STATES[step.state].word}, ${time(step.attempts[0].from)} to ${step.ended === null ? 'now' : time(step.ended)}`;
    const label = `${step.kind} ${step.label}`;
    const has_room = to - from > label.length * 6.2 + 10 && height > 12;
    return s('g', {
      class: `span${is_critical ? ' is-critical' : ''}${step === this.app.selected ? ' is-selected' : ''}`,
      role: 'button', tabindex: '-1', 'data-step': step.id, 'aria-label': `${words} at ${step.site_name}`,
    },
      s('title', {}, `${words}${step.words ? `\n${step.words}` : ''}`),
      s('line', { x1: from, x2: Math.max(from + 2, to), y1: y + height / 2, y2: y + height / 2, class: 'pause' }),
      ...parts,
      is_critical && s('rect', { x: from - 1, y: y - 1, width: Math.max(4, to - from + 2), height: height + 2, rx: 3, class: 'critical' }),
      has_room && s('text', { x: from + 5, y: y + height - 4, class: 'span-text' }, label));
  }

  chained(chain, end) {
    this.chain.hidden = chain.length < 2;
    if (chain.length < 2) return;
    const steps = [...chain].reverse();
    put(this.chain,
      h('h2', { id: 'chain-title' }, 'What the end waited for'),
      h('ol', {}, ...steps.map((step) => h('li', {},
        h('button', { type: 'button', onclick: () => this.app.select(step) }, `${step.site_name} ${step.kind} ${step.label}`),
        ` ${time(step.ended - step.began)}`, h('span', { class: 'quiet' }, ` ${Math.round(((step.ended - step.began) * 100) / end)} %`)))));
  }
}

/** Steps in as few rows as they need, those of a row one after the other. */
function pack(steps, end) {
  const rows = [];
  const free = [];
  const by_start = [...steps].sort((one, other) => one.attempts[0].from - other.attempts[0].from || one.id - other.id);
  for (const step of by_start) {
    let row = free.findIndex((until) => until <= step.attempts[0].from);
    if (row < 0) {
      row = rows.length;
      rows.push([]);
    }
    rows[row].push(step);
    free[row] = step.ended ?? end + 1;
  }
  return rows;
}

/** Round times, not closer than 90 pixels. */
function ticks(end, width) {
  const least = (end * 90) / width;
  const units = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5, 432e5, 864e5];
  const step = units.find((unit) => unit >= least) ?? 864e5 * Math.ceil(least / 864e5);
  const all = [];
  for (let ms = 0; ms <= end; ms += step) all.push(ms);
  return all;
}
