// The page: takes the stream of events, keeps what is chosen to be seen, and draws at most once a frame.

import { h, put, say, shape } from './dom.js';
import { Graph } from './graph.js';
import { Model } from './model.js';
import { Sites, drawBar } from './sites.js';
import { Detail, Steps } from './steps.js';
import { Timeline } from './timeline.js';
import { STATES, TROUBLE, VERDICTS, about, time } from './words.js';

const $ = (id) => document.getElementById(id);
const VIEWS = ['sites', 'graph', 'timeline', 'steps'];

class App {
  constructor() {
    this.model = new Model();
    this.filter = { states: new Set(), site: '', text: '' };
    this.selected = null;
    this.view = 'sites';
    this.views = {
      sites: new Sites($('sites'), this),
      graph: new Graph($('graph'), this),
      timeline: new Timeline($('timeline'), this),
      steps: new Steps($('steps'), this),
    };
    this.detail = new Detail($('detail'), this);
    this.is_stale = new Set();
    this.is_drawn_soon = false;
    this.chips = new Map();
    this.controls();
    this.begin();
    setInterval(() => this.tick(), 250);
  }

  // ---- what is seen

  matches(step) {
    const { states, site, text } = this.filter;
    if (states.size && !states.has(step.state)) return false;
    if (site !== '' && step.site !== site) return false;
    if (!text) return true;
    return `${step.kind} ${step.name} ${step.site_name} ${step.resource_type ?? ''} ${step.words}`.toLowerCase().includes(text);
  }

  isFiltered() {
    return this.filter.states.size > 0 || this.filter.site !== '' || this.filter.text !== '';
  }

  refilter() {
    for (const [state, chip] of this.chips) chip.setAttribute('aria-pressed', String(this.filter.states.has(state)));
    $('site').value = this.filter.site === '' ? '' : String(this.filter.site);
    $('clear').hidden = !this.isFiltered();
    for (const name of VIEWS) this.is_stale.add(name);
    this.draw();
  }

  onlySite(id) {
    this.filter.site = this.filter.site === id ? '' : id;
    if (this.filter.site !== '') this.show('graph');
    this.refilter();
  }

  showTrouble() {
    this.filter.states = new Set(TROUBLE);
    this.show('steps');
    this.refilter();
    $('tab-steps').focus();
  }

  show(name) {
    this.view = name;
    for (const each of VIEWS) {
      const is_shown = each === name;
      $(each).hidden = !is_shown;
      $(`tab-${each}`).setAttribute('aria-selected', String(is_shown));
      $(`tab-${each}`).tabIndex = is_shown ? 0 : -1;
    }
    if (location.hash !== `#${name}`) history.replaceState(null, '', `#${name}`);
    this.is_stale.add(name);
    this.draw();
  }

  select(step) {
    const before = this.selected;
    this.selected = step;
    if (step && !before) this.opener = document.activeElement;
    for (const name of VIEWS) this.is_stale.add(name);
    this.draw();
    if (step) {
      this.views[this.view].show?.(step);
      if (!before) $('detail').querySelector('.close')?.focus({ preventScroll: true });
    } else if (before && this.opener?.isConnected) {
      this.opener.focus({ preventScroll: true });
    }
  }

  // ---- what is told

  begin() {
    this.filter = { states: new Set(), site: '', text: '' };
    this.selected = null;
    $('text').value = '';
    put($('site'), h('option', { value: '' }, 'all sites'), ...this.model.sites.map((site) => h('option', { value: site.id }, site.name)));
    for (const view of Object.values(this.views)) view.reset();
    this.refilter();
  }

  soon() {
    if (this.is_drawn_soon) return;
    this.is_drawn_soon = true;
    // Also where no frame comes: in a tab behind, all is there when it comes to the front.
    const draw = () => {
      if (!this.is_drawn_soon) return;
      this.is_drawn_soon = false;
      this.draw();
    };
    requestAnimationFrame(draw);
    setTimeout(draw, 200);
  }

  draw() {
    const { model } = this;
    this.head();
    const changed = model.changed;
    model.changed = new Set();
    if (changed.size) for (const name of VIEWS) if (name !== this.view) this.is_stale.add(name);
    const view = this.views[this.view];
    if (this.is_stale.delete(this.view)) (view.filtered ?? view.update).call(view, null);
    else if (changed.size) view.update(changed);
    this.detail.draw();
    const news = model.news.splice(0);
    if (news.length) say($('said'), news.slice(-3).join('; '));
  }

  tick() {
    if (this.model.ended || !this.model.started || document.hidden) return;
    this.head();
    this.views[this.view].tick();
    this.detail.draw();
  }

  head() {
    const { model } = this;
    say($('program'), model.plan.program);
    say($('run'), !model.started ? '' : model.plan.is_simulated ? 'simulated' : `run ${model.run}`);
    const requests = model.steps.filter((step) => step.is_request);
    const counts = model.counts(requests);
    const verdict = model.ended?.verdict ?? (model.started ? 'running' : 'waiting');
    $('verdict').dataset.verdict = verdict;
    say($('verdict'), model.ended ? VERDICTS[verdict] ?? verdict : model.started ? 'running' : 'waiting for the run');
    document.title = `${counts.failed ? `✕ ${counts.failed} ` : ''}${verdict.replaceAll('_', ' ')} · ${model.plan.program}`;
    drawBar($('bar'), counts, requests.length);
    const left = model.left();
    const figures = [
      ['steps', `${(counts.done ?? 0)}/${requests.length}`],
      [model.plan.is_simulated ? 'simulated time' : 'elapsed', time(model.ended?.millis ?? model.now())],
      left !== null && ['left', `about ${about(left)}`],
    ].filter(Boolean);
    const key = JSON.stringify(figures);
    if (key !== this.shown_figures) {
      this.shown_figures = key;
      put($('figures'), ...figures.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
    }
    this.drawChips(model.counts());
  }

  drawChips(counts) {
    for (const [state, { word, title }] of Object.entries(STATES)) {
      let chip = this.chips.get(state);
      if (!chip) {
        chip = h('button', { type: 'button', class: `chip is-${state}`, 'aria-pressed': 'false', title, onclick: () => {
          if (!this.filter.states.delete(state)) this.filter.states.add(state);
          this.refilter();
        } }, shape(state), h('span', { class: 'count' }), ` ${word}`);
        chip.dataset.state = state;
        this.chips.set(state, chip);
        $('states').append(chip);
      }
      say(chip.querySelector('.count'), String(counts[state] ?? 0));
      chip.hidden = !counts[state] && !this.filter.states.has(state);
    }
  }

  // ---- what is pressed

  controls() {
    const tabs = VIEWS.map((name) => $(`tab-${name}`));
    tabs.forEach((tab, index) => {
      tab.addEventListener('click', () => this.show(VIEWS[index]));
      tab.addEventListener('keydown', (event) => {
        const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const next = event.key === 'Home' ? 0 : event.key === 'End' ? tabs.length - 1 : way && (index + way + tabs.length) % tabs.length;
        if (next === undefined) return;
        event.preventDefault();
        this.show(VIEWS[next]);
        tabs[next].focus();
      });
    });
    $('site').addEventListener('change', (event) => {
      this.filter.site = event.target.value === '' ? '' : Number(event.target.value);
      this.refilter();
    });
    $('text').addEventListener('input', (event) => {
      this.filter.text = event.target.value.trim().toLowerCase();
      this.refilter();
    });
    $('clear').addEventListener('click', () => {
      this.filter = { states: new Set(), site: '', text: '' };
      $('text').value = '';
      this.refilter();
      $('text').focus();
    });
    document.addEventListener('keydown', (event) => {
      const is_typing = event.target.closest('input, select');
      if (event.key === 'Escape' && this.selected) this.select(null);
      else if (event.key === '/' && !is_typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        $('text').focus();
      } else if (!is_typing && !event.ctrlKey && !event.metaKey && !event.altKey && VIEWS[event.key - 1]) this.show(VIEWS[event.key - 1]);
    });
    const asked = location.hash.slice(1);
    if (VIEWS.includes(asked)) this.show(asked);
  }

  // ---- the stream

  listen() {
    const source = new EventSource('events');
    source.addEventListener('plan', (event) => {
      const { plan, run } = JSON.parse(event.data);
      this.model.begin(plan, run);
      this.begin();
    });
    source.addEventListener('clock', (event) => this.model.tick(Number(event.data)));
    source.addEventListener('run', (event) => {
      this.model.take(JSON.parse(event.data));
      this.soon();
    });
    source.addEventListener('open', () => this.connected(''));
    source.addEventListener('error', () => {
      if (this.model.ended) {
        source.close();
        this.connected('scope has ended: this is how the run was left');
      } else {
        this.connected('no connection to scope: what is shown may be old');
      }
      this.model.clock = null;
    });
  }

  connected(words) {
    $('connection').hidden = !words;
    say($('connection'), words);
  }
}

const app = new App();
app.listen();
