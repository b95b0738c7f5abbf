// The run, as the events tell it: plan and events in, the state of each step out.
//
// `take({ event: 'step_done', step: 3, … })` → step 3 is `done`, and stands in `changed` until `settle()`.

import { ENDED, STATES, TROUBLE, effectWords, progressWords, shortName, shortType, skipWords, time, worst } from './words.js';

export class Model {
  constructor() {
    this.n_plans = 0;
    this.begin({ program: 'scope', sites: [], steps: [], edges: [], choices: [], is_simulated: false }, 0);
  }

  begin(plan, run) {
    this.n_plans += run ? 1 : 0;
    this.plan = plan;
    this.run = null;
    this.ended = null;
    this.started = false;
    this.last_ms = 0;
    this.clock = null;
    this.owed = [];
    this.chosen = new Map();
    this.changed = new Set();
    this.news = [];
    this.steps = plan.steps.map((step) => ({
      ...step,
      label: shortName(step.name),
      kind: shortType(step.resource_type) || (step.verb === 'choose' ? 'one of' : 'all of'),
      site_name: plan.sites[step.site],
      is_request: step.resource_type !== null,
      state: 'waiting',
      attempts: [],
      began: null,
      ended: null,
      words: '',
      progress: null,
      rate: 0,
      failure: null,
      is_owed: false,
      log: [],
      before: [],
      after: [],
    }));
    for (const [from, to, reason] of plan.edges) {
      this.steps[to].before.push({ step: from, reason });
      this.steps[from].after.push({ step: to, reason });
    }
    this.sites = plan.sites.map((name, id) => ({ id, name, steps: [] }));
    for (const step of this.steps) {
      this.sites[step.site].steps.push(step);
      this.changed.add(step.id);
    }
  }

  /** The server's clock: milliseconds since the run began. */
  tick(ms) {
    if (!this.plan.is_simulated) this.clock = { ms, at: performance.now() };
  }

  /** Where the run is in its own time. */
  now() {
    if (this.ended || !this.clock) return this.last_ms;
    return Math.max(this.last_ms, this.clock.ms + performance.now() - this.clock.at);
  }

  /** Whether another alternative comes after every one that the step is in. */
  hasAlternative(step) {
    return step.when.length > 0 && step.when.every(([choice, arm]) => arm + 1 < this.plan.choices[choice].arms.length);
  }

  take(event) {
    const at = event.at_ms;
    this.last_ms = Math.max(this.last_ms, at);
    const step = event.step === undefined || event.step === null ? null : this.steps[event.step];
    if (step) this.changed.add(step.id);
    const log = (word, words) => step?.log.push({ at, word, words });
    switch (event.event) {
      case 'run_started':
        this.run = event.run;
        this.started = true;
        break;
      case 'step_started':
        step.began ??= at;
        step.ended = null;
        step.attempts.push({ from: at, to: null, ended: 'running' });
        this.become(step, 'running', '');
        log('started', `try ${event.attempt}`);
        break;
      case 'step_progress': {
        const { bytes } = event.progress;
        if (bytes) {
          const last = step.progress;
          if (last && at > last.at && bytes.done >= last.done) {
            const rate = ((bytes.done - last.done) * 1000) / (at - last.at);
            step.rate = step.rate ? step.rate * 0.7 + rate * 0.3 : rate;
          }
          step.progress = { at, done: bytes.done, total: bytes.total };
        }
        step.words = progressWords(event.progress, step.rate);
        const last = step.log.at(-1);
        // The newest says all that the ones before it said.
        if (last?.word === 'progress') Object.assign(last, { at, words: step.words });
        else log('progress', step.words);
        break;
      }
      case 'step_retrying':
        this.leave(step, at, 'again');
        this.become(step, 'again', event.words);
        log('again', `${event.words} (try ${event.attempt}, next in ${time(event.after_ms)})`);
        break;
      case 'step_parked':
        this.leave(step, at, 'parked');
        step.ended = at;
        step.is_held = event.awaits?.for === 'release';
        this.become(step, 'parked', event.words);
        log('parked', event.words);
        this.news.push(`parked: ${step.label} at ${step.site_name}`);
        break;
      case 'step_done': {
        this.leave(step, at, 'done');
        step.ended = at;
        step.effect = event.effect;
        const words = effectWords(event.effect) + (event.detail ? `, ${event.detail}` : '');
        this.become(step, 'done', words);
        log('done', words);
        break;
      }
      case 'step_failed': {
        step.failure = event.failure;
        const words = `${event.failure.code}: ${event.failure.message}`;
        const state = this.hasAlternative(step) ? 'tried' : event.failure.outcome === 'unknown' ? 'unknown' : 'failed';
        this.leave(step, at, state);
        step.ended = at;
        this.become(step, state, words);
        log(state, words);
        if (state !== 'tried') this.news.push(`failed: ${step.label} at ${step.site_name}`);
        break;
      }
      case 'step_skipped': {
        const words = skipWords(event.because, (id) => this.steps[id].label);
        // What was not wanted is as it should be; what could not be done is not.
        const state = ['dependency', 'interrupted'].includes(event.because.kind) ? 'blocked' : 'skipped';
        this.leave(step, at, state);
        step.ended = at;
        this.become(step, state, words);
        log(STATES[state].word, words);
        break;
      }
      case 'undo_done':
        log('undone', event.words);
        break;
      case 'undo_owed':
        if (step) step.is_owed = true;
        this.owed.push({ step, words: event.words });
        log('owed', event.words);
        this.news.push(`an undo is owed: ${event.words}`);
        break;
      case 'choice_tried':
      case 'choice_made':
        this.choice(event, at);
        break;
      case 'output_failed':
        this.news.push(event.failure.message);
        break;
      case 'run_ended':
        this.ended = event;
        this.news.push(`the run ended: ${event.verdict.replaceAll('_', ' ')}`);
        for (const each of this.steps) this.changed.add(each.id);
        break;
      default:
        // A newer scope may tell more than this page shows.
        break;
    }
  }

  choice(event, at) {
    if (event.event === 'choice_made') this.chosen.set(event.choice, event.arm);
    const word = event.event === 'choice_made' ? 'chosen' : 'tries';
    for (const step of this.steps) {
      if (step.verb !== 'choose' || step.choice !== event.choice) continue;
      step.log.push({ at, word, words: event.label });
      this.changed.add(step.id);
    }
  }

  become(step, state, words) {
    step.state = state;
    step.words = words;
  }

  leave(step, at, ended) {
    const last = step.attempts.at(-1);
    if (last && last.to === null) Object.assign(last, { to: at, ended });
  }

  /** How many steps are in each state. */
  counts(steps = this.steps) {
    const counts = {};
    for (const step of steps) counts[step.state] = (counts[step.state] ?? 0) + 1;
    return counts;
  }

  /** The state of a site at a glance: the most urgent of its steps', and what it means for the site. */
  health(site) {
    const requests = site.steps.filter((step) => step.is_request);
    const state = worst(new Set(requests.map((step) => step.state)));
    const parked = requests.filter((step) => step.state === 'parked');
    const word = state === 'parked' && parked.every((step) => step.is_held) ? 'held'
      : state === 'parked' ? 'does not answer'
      : requests.length === 0 ? 'nothing to do here'
      : state === 'blocked' ? 'held up'
      : TROUBLE.has(state) || state === 'running' ? state
      : requests.every((step) => ENDED.has(step.state)) ? 'done' : 'waiting';
    return { state: requests.length === 0 ? 'skipped' : word === 'done' ? 'done' : state, word };
  }

  /** What is left, from what the steps that ended took beside their estimates; nothing where that says nothing. */
  left(steps = this.steps) {
    if (this.ended) return null;
    let ended = 0;
    let all = 0;
    let first = Infinity;
    for (const step of steps) {
      if (!step.is_request || step.state === 'skipped' || step.state === 'blocked') continue;
      all += step.estimate_ms;
      if (ENDED.has(step.state)) ended += step.estimate_ms;
      if (step.began !== null) first = Math.min(first, step.began);
    }
    const elapsed = this.now() - first;
    if (ended === 0 || elapsed < 500 || ended === all) return null;
    return (elapsed * (all - ended)) / ended;
  }

  /** The chain of steps that the end waited for, the last one first. */
  critical() {
    const timed = this.steps.filter((step) => step.began !== null && step.ended !== null);
    let step = timed.reduce((late, each) => (!late || each.ended > late.ended ? each : late), null);
    const chain = [];
    while (step && !chain.includes(step)) {
      chain.push(step);
      const before = this.reached(step);
      step = before.reduce((late, each) => (!late || each.ended > late.ended ? each : late), null);
    }
    return chain;
  }

  /** The timed steps that a step waited for, through choices and gatherings. */
  reached(step) {
    const found = [];
    const seen = new Set();
    const open = step.before.map((edge) => edge.step);
    while (open.length) {
      const id = open.pop();
      if (seen.has(id)) continue;
      seen.add(id);
      const each = this.steps[id];
      if (each.began !== null && each.ended !== null) found.push(each);
      else if (!each.is_request) open.push(...each.before.map((edge) => edge.step));
    }
    return found;
  }
}
