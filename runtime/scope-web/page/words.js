// The words of the page: states, effects, times and sizes.

/** Every state, the most urgent first. A state is always shown as shape, colour and word. */
export const STATES = {
  failed: { word: 'failed', title: 'ended badly' },
  unknown: { word: 'unknown', title: 'sent, and the answer was lost: only you can know' },
  parked: { word: 'parked', title: 'its site does not answer, or is held: kept for later' },
  blocked: { word: 'held up', title: 'not done: something it needs did not end well' },
  again: { word: 'again', title: 'an attempt failed, another one follows' },
  running: { word: 'running', title: 'under way' },
  waiting: { word: 'waiting', title: 'something it needs is not there yet' },
  tried: { word: 'tried', title: 'an alternative that did not hold' },
  skipped: { word: 'skipped', title: 'not done' },
  done: { word: 'done', title: 'ended well' },
};

export const ENDED = new Set(['failed', 'unknown', 'parked', 'blocked', 'tried', 'skipped', 'done']);
export const TROUBLE = new Set(['failed', 'unknown', 'parked', 'again']);

/** The most urgent of several states. */
export function worst(states) {
  const order = Object.keys(STATES);
  return order.find((state) => states.has(state)) ?? 'waiting';
}

/** `35 ms`, `1.6 s`, `2 min 5 s`, `3 h 12 min`. */
export function time(ms) {
  if (ms <= 0) return '0 s';
  if (ms < 1000) return `${Math.max(1, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const s = Math.floor(ms / 1000);
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** `about 40 s`: no more digits than an estimate deserves. */
export function about(ms) {
  if (ms < 10_000) return `${Math.max(1, Math.round(ms / 1000))} s`;
  if (ms < 90_000) return `${Math.round(ms / 5000) * 5} s`;
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** `21 MiB`. */
export function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (count >= 1024 && unit + 1 < units.length) {
    count /= 1024;
    unit += 1;
  }
  return `${unit === 0 || count >= 10 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

/** `openstack.server` → `server`; a look-up's `image:debian-12` → `debian-12`. */
export const shortType = (type) => type?.slice(type.lastIndexOf('.') + 1) ?? '';
export const shortName = (name) => (name.includes(':') ? name.slice(name.indexOf(':') + 1) : name);

/** What a step did. */
export function effectWords(effect) {
  switch (effect.kind) {
    case 'updated': return `updated ${effect.attributes.join(', ')}`;
    case 'borrowed': return `borrowed from ${effect.from}${effect.bytes ? `, ${bytes(effect.bytes)}` : ''}`;
    case 'chosen': return `chosen: ${effect.label}`;
    case 'printed': return `printed ${JSON.stringify(effect.value)}`;
    case 'planned': return `would ${effect.change.change}`;
    default: return effect.kind;
  }
}

/** How far a step is. */
export function progressWords(progress, rate) {
  if (progress.status !== undefined) return progress.status;
  const { done, total } = progress.bytes;
  const speed = rate ? `, ${bytes(rate)}/s` : '';
  return total ? `${bytes(done)} of ${bytes(total)}${speed}` : `${bytes(done)}${speed}`;
}

/** Why a step was not done. */
export function skipWords(because, nameOf) {
  switch (because.kind) {
    case 'not_chosen': return 'another alternative holds';
    case 'dependency': return `needs ${nameOf(because.step)}, which is ${because.outcome}`;
    case 'left_out': return 'its site is left alone';
    case 'unreachable': return 'its site is not reachable, and the rest goes on without it';
    default: return because.kind;
  }
}

export const VERDICTS = {
  done: 'done: all as the program says',
  nothing_to_do: 'nothing to do: all as the program says',
  pending: 'pending: parked work is left',
  failed: 'failed',
  interrupted: 'interrupted: resumable',
};
