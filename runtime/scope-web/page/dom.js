// Small helpers: elements, shapes, and one tab stop for many things of a kind.

/** An element with properties, attributes and children: `h('p', { class: 'x' }, 'text')`. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  fill(element, properties, children);
  return element;
}

/** The same for a drawing. */
export function s(tag, properties = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(element, properties, children);
  return element;
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
}

/** The shape of a state; its word stands beside it or in the label. */
export function shape(state, properties = {}) {
  return s('svg', { class: `shape is-${state}`, width: 14, height: 14, 'aria-hidden': 'true', ...properties },
    s('use', { href: `#s-${state}` }));
}

/** Sets a text only where it is another one, so that nothing is drawn again for nothing. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Replaces the children. */
export function put(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== undefined && child !== null && child !== false));
}

/**
 * One tab stop for all elements in `root` that match: arrow keys go to the next one in that direction on the screen,
 * Home and End to the first and the last, Enter and Space press it.
 */
export function roving(root, selector, press) {
  const all = () => [...root.querySelectorAll(selector)].filter((element) => element.getClientRects().length > 0);
  const enter = (element) => {
    for (const other of root.querySelectorAll(`${selector}[tabindex="0"]`)) other.setAttribute('tabindex', '-1');
    element.setAttribute('tabindex', '0');
  };
  root.addEventListener('focusin', (event) => {
    const element = event.target.closest(selector);
    if (element) enter(element);
  });
  root.addEventListener('keydown', (event) => {
    const element = event.target.closest?.(selector);
    if (!element) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      press(element);
      return;
    }
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    const elements = all();
    const next = event.key === 'Home' ? elements[0]
      : event.key === 'End' ? elements.at(-1)
      : way && nearest(element, elements, way);
    if (next && next !== element) {
      event.preventDefault();
      enter(next);
      next.focus();
    }
  });
  root.addEventListener('click', (event) => {
    const element = event.target.closest(selector);
    if (element) press(element);
  });
  return {
    /** Makes sure that there is a tab stop, after things were drawn again. */
    refresh() {
      if (!root.querySelector(`${selector}[tabindex="0"]`)) root.querySelector(selector)?.setAttribute('tabindex', '0');
    },
  };
}

/** The nearest element in a direction; across it counts more than along it. */
function nearest(from, elements, [dx, dy]) {
  const middle = (element) => {
    const box = element.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const [x, y] = middle(from);
  let best = null;
  let least = Infinity;
  for (const element of elements) {
    if (element === from) continue;
    const [ex, ey] = middle(element);
    const along = (ex - x) * dx + (ey - y) * dy;
    const across = Math.abs((ex - x) * dy) + Math.abs((ey - y) * dx);
    if (along > 1 && along + across * 3 < least) [best, least] = [element, along + across * 3];
  }
  return best;
}
