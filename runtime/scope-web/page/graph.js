// The plan as a graph: a lane for each site, a column for each distance from the start, an edge for each thing waited for.
//
// A lane with many steps is folded: one box a column, with how many steps it holds in which state. Every lane can be
// folded and unfolded; a plan of many steps begins with all of them folded.

import { h, put, roving, s, say, shape } from './dom.js';
import { STATES, time, worst } from './words.js';
import { drawBar } from './sites.js';

const COLUMN = 208;
const WIDTH = 168;
const ROW = 46;
const HEIGHT = 38;
const LEFT = 168;
const TOP = 10;
const LANE_PAD = 8;
/** Where every lane is folded, boxes have no words, and the whole plan is seen at once. */
const SMALL = { column: 54, width: 42, row: 24, height: 22, pad: 4 };
const LARGE = { column: COLUMN, width: WIDTH, row: ROW, height: HEIGHT, pad: LANE_PAD };
/** With more edges than this they are faint, but for those of the box that is looked at. */
const DENSE = 250;
/** A plan with more steps than this begins folded. */
const UNFOLDED = 120;

export class Graph {
  constructor(root, app) {
    this.app = app;
    this.root = root;
    this.folds = h('button', { type: 'button', onclick: () => this.foldAll() });
    this.note = h('span', { class: 'quiet' });
    this.edges = s('svg', { class: 'edges', 'aria-hidden': 'true' });
    this.canvas = h('div', { class: 'canvas' });
    this.scroll = h('div', { class: 'scroll', role: 'group', 'aria-label': 'The plan by site; arrow keys go from step to step' }, this.canvas);
    put(root, h('div', { class: 'tools' }, this.folds, this.note, legend()), this.scroll);
    this.rove = roving(this.scroll, '.node', (node) => this.press(node));
    this.scroll.addEventListener('pointerover', (event) => this.light(event.target.closest('.node')));
    this.scroll.addEventListener('focusin', (event) => this.light(event.target.closest('.node')));
  }

  reset() {
    const { model } = this.app;
    this.columns = columns(model.steps);
    const is_big = model.steps.length > UNFOLDED;
    this.folded = new Set(is_big ? model.sites.map((site) => site.id) : []);
    this.draw();
  }

  foldAll() {
    const { model } = this.app;
    this.folded = new Set(this.folded.size ? [] : model.sites.map((site) => site.id));
    this.draw();
  }

  fold(site) {
    if (!this.folded.delete(site)) this.folded.add(site);
    this.draw();
    this.canvas.querySelector(`.lane-name[data-site="${site}"]`)?.focus();
  }

  /** Unfolds what a step is in, and shows it. */
  show(step) {
    if (this.folded.delete(step.site)) this.draw();
    const node = this.at.get(step.id);
    node?.element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  press(element) {
    const node = this.nodes[Number(element.dataset.node)];
    if (node.steps.length === 1) this.app.select(node.steps[0]);
    else this.fold(node.site);
  }

  draw() {
    const { model } = this.app;
    this.nodes = [];
    this.at = new Map();
    const sites = model.sites.filter((site) => site.steps.length && (this.app.filter.site === '' || this.app.filter.site === site.id));
    const size = sites.every((site) => this.folded.has(site.id)) && sites.length > 0 ? SMALL : LARGE;
    this.size = size;
    this.canvas.classList.toggle('is-small', size === SMALL);
    let y = TOP;
    let widest = 0;
    const lanes = [];
    for (const site of sites) {
      const is_folded = this.folded.has(site.id);
      const cells = new Map();
      for (const step of site.steps) {
        const column = this.columns[step.id];
        if (!cells.has(column)) cells.set(column, []);
        cells.get(column).push(step);
      }
      let n_rows = 1;
      for (const [column, steps] of cells) {
        widest = Math.max(widest, column);
        const groups = is_folded ? [steps] : steps.map((step) => [step]);
        n_rows = Math.max(n_rows, groups.length);
        groups.forEach((group, row) => this.node(site.id, group, LEFT + column * size.column, y + size.pad + row * size.row));
      }
      const height = n_rows * size.row + size.pad * 2 - (size.row - size.height);
      lanes.push(this.lane(site, y, height, is_folded));
      y += height;
    }
    const width = LEFT + (widest + 1) * size.column;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${y + TOP}px`;
    this.edges.setAttribute('width', width);
    this.edges.setAttribute('height', y + TOP);
    this.drawEdges();
    put(this.canvas, ...lanes, this.edges, ...this.nodes.map((node) => node.element));
    say(this.folds, this.folded.size ? 'Unfold all' : 'Fold all');
    const n_edges = model.plan.edges.length;
    say(this.note, `${model.steps.length} steps, ${n_edges} edges, ${sites.length} sites`);
    this.update(null);
    this.rove.refresh();
  }

  lane(site, y, height, is_folded) {
    const button = h('button', {
      type: 'button', class: 'lane-name', 'data-site': site.id, 'aria-expanded': String(!is_folded),
      title: is_folded ? 'Unfold this site' : 'Fold this site', onclick: () => this.fold(site.id),
    }, h('span', { class: 'fold', 'aria-hidden': 'true' }, is_folded ? '▸' : '▾'), ` ${site.name}`);
    const lane = h('div', { class: 'lane' }, button);
    lane.style.top = `${y}px`;
    lane.style.height = `${height}px`;
    return lane;
  }

  node(site, steps, x, y) {
    const is_group = steps.length > 1;
    const node = { site, steps, x, y, index: this.nodes.length, edges: [], state: null };
    node.icon = h('span', { class: 'icon' });
    node.title = h('span', { class: 'node-title' });
    node.words = h('span', { class: 'node-words' });
    node.bar = is_group && this.size === LARGE ? h('div', { class: 'bar' }) : null;
    node.element = h('div', { class: 'node', role: 'button', tabindex: '-1', 'data-node': node.index },
      node.icon, h('span', { class: 'node-text' }, node.title, node.bar ?? node.words));
    node.element.style.left = `${x}px`;
    node.element.style.top = `${y}px`;
    if (!is_group && steps[0].when.length) node.element.classList.add('is-alternative');
    if (!is_group && !steps[0].is_request) node.element.classList.add('is-join');
    for (const step of steps) this.at.set(step.id, node);
    this.nodes.push(node);
  }

  drawEdges() {
    const seen = new Map();
    const { width, height } = this.size;
    for (const [from, to, reason] of this.app.model.plan.edges) {
      const [one, other] = [this.at.get(from), this.at.get(to)];
      if (!one || !other || one === other) continue;
      const key = `${one.index}-${other.index}`;
      if (seen.has(key)) continue;
      const [x1, y1, x2, y2] = [one.x + width, one.y + height / 2, other.x, other.y + height / 2];
      const bend = Math.max(width / 8, Math.min(70, (x2 - x1) / 2));
      const path = s('path', { d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, class: `edge for-${reason}` });
      seen.set(key, path);
      one.edges.push(path);
      other.edges.push(path);
    }
    this.edges.classList.toggle('is-dense', seen.size > DENSE);
    put(this.edges, ...seen.values());
  }

  /** Draws again what changed; all of it without a set. */
  update(changed) {
    const nodes = changed === null ? this.nodes : new Set([...changed].map((id) => this.at.get(id)).filter(Boolean));
    for (const node of nodes) this.paint(node);
    this.tick();
  }

  paint(node) {
    const { model, selected } = this.app;
    const states = new Set(node.steps.map((step) => step.state));
    const state = worst(states);
    if (node.state !== state) {
      node.element.classList.remove(`is-${node.state}`);
      node.element.classList.add(`is-${state}`);
      put(node.icon, shape(state));
      node.state = state;
    }
    const n = node.steps.length;
    const [step] = node.steps;
    const counts = model.counts(node.steps);
    const words = n > 1
      ? Object.entries(counts).map(([each, count]) => `${count} ${STATES[each].word}`).join(', ')
      : this.words(step);
    const title = n > 1 ? `${n} steps` : `${step.kind} ${step.label}`;
    say(node.title, this.size === SMALL ? (n > 1 ? String(n) : '') : title);
    if (node.bar) drawBar(node.bar, counts, n);
    else say(node.words, this.size === SMALL ? '' : words);
    node.element.setAttribute('aria-label', `${title} at ${step.site_name}: ${words}`);
    node.element.title = `${title}\n${words}${n === 1 && step.words ? `\n${step.words}` : ''}`;
    node.element.classList.toggle('is-faint', !node.steps.some((each) => this.app.matches(each)));
    node.element.classList.toggle('is-selected', node.steps.includes(selected));
  }

  words(step) {
    const { word } = STATES[step.state];
    if (step.state === 'running') return step.words ? `${word}: ${step.words}` : `${word} ${time(this.app.model.now() - step.began)}`;
    if (step.state === 'done' && step.is_request) return `${step.words.split(',')[0]} ${time(step.ended - step.began)}`;
    if (step.state === 'done') return step.words;
    return word;
  }

  filtered() {
    this.draw();
  }

  tick() {
    if (this.size === SMALL) return;
    for (const node of this.nodes) {
      if (node.steps.length === 1 && node.steps[0].state === 'running') say(node.words, this.words(node.steps[0]));
    }
  }

  /** The edges of one node stand out. */
  light(element) {
    const node = element ? this.nodes[Number(element.dataset.node)] : null;
    for (const path of this.lit ?? []) path.classList.remove('is-lit');
    this.lit = node?.edges ?? [];
    for (const path of this.lit) {
      path.classList.add('is-lit');
      this.edges.append(path);
    }
  }
}

/** For each step the length of the longest way to it. */
function columns(steps) {
  const column = new Array(steps.length).fill(0);
  const n_before = steps.map((step) => step.before.length);
  const ready = steps.filter((step) => n_before[step.id] === 0).map((step) => step.id);
  while (ready.length) {
    const id = ready.pop();
    for (const { step } of steps[id].after) {
      column[step] = Math.max(column[step], column[id] + 1);
      n_before[step] -= 1;
      if (n_before[step] === 0) ready.push(step);
    }
  }
  return column;
}

function legend() {
  return h('span', { class: 'legend', 'aria-hidden': 'true' },
    ...[['data', 'needs its result'], ['after', 'after it'], ['settled', 'once it has settled']].map(([reason, words]) => h('span', {},
      s('svg', { width: 28, height: 8 }, s('path', { d: 'M1 4h26', class: `edge for-${reason}` })), ` ${words}`)),
    h('span', {}, h('span', { class: 'dashed' }), ' an alternative'));
}
