// The page of a run in a real browser: node tests/web/check.mjs --scope PATH/TO/scope --cache FOLDER
//
// Three small services are the sites: one answers slowly, one not at all, one refuses a request. A run over them is
// watched in headless Chromium, and so is a simulated one of a thousand steps. What it needs is installed into the cache,
// once, by npm in pinned versions; a Chromium that is on the path is taken first. Exit status: 0 all good, 1 something
// failed. Pictures of what was seen are left in the cache.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, '../..');
const PATIENCE = 60_000;
const { values: given } = parseArgs({ options: { scope: { type: 'string' }, cache: { type: 'string' } } });
const CACHE = path.resolve(given.cache, 'web');
const SHOTS = path.join(CACHE, 'pictures');
const SCOPE = path.resolve(given.scope);

// ---- what is needed

function install() {
  const manifest = fs.readFileSync(path.join(HERE, 'package.json'));
  const wanted = createHash('sha256').update(manifest).digest('hex');
  const stamp = path.join(CACHE, 'installed');
  fs.mkdirSync(SHOTS, { recursive: true });
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
  fs.writeFileSync(path.join(CACHE, 'package.json'), manifest);
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: CACHE, stdio: ['ignore', 'pipe', 'inherit'] });
  fs.writeFileSync(stamp, wanted);
}

function onPath(...names) {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    for (const name of names) {
      const file = path.join(folder, name);
      if (fs.existsSync(file)) return file;
    }
  }
  return null;
}

async function browser() {
  const require = createRequire(path.join(CACHE, 'package.json'));
  const { chromium } = require('playwright-core');
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  let executablePath = process.env.SCOPE_CHROMIUM || onPath('chromium', 'chromium-browser', 'google-chrome');
  if (!executablePath) {
    const packed = (await import(require.resolve('@sparticuz/chromium'))).default;
    executablePath = await packed.executablePath();
    // In one process, as small machines have it, the browser may end with a page.
    args.push(...packed.args.filter((flag) => flag !== '--single-process' && flag !== '--no-zygote'));
  }
  return chromium.launch({ executablePath, args, headless: true });
}

// ---- sites

/** A service that keeps what is put, after so many milliseconds; `/bad…` it refuses, and with `/link3` it waits for `gate`. */
function site(delay, gate) {
  const kept = new Map();
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => setTimeout(async () => {
      if (request.url.startsWith('/link3')) await gate;
      const say = (status, value) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(value === undefined ? '' : JSON.stringify(value));
      };
      if (request.method !== 'GET' && request.url.startsWith('/bad')) return say(422, { error: 'the value 7 is out of range' });
      if (request.method === 'GET') return kept.has(request.url) ? say(200, kept.get(request.url)) : say(404);
      if (request.method === 'DELETE') return say(kept.delete(request.url) ? 204 : 404);
      kept.set(request.url, JSON.parse(Buffer.concat(parts).toString() || 'null'));
      return say(request.method === 'POST' ? 201 : 200, kept.get(request.url));
    }, delay));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const address = (server) => `http://127.0.0.1:${server.address().port}`;

function program(nantes, lille, silent) {
  const chain = [...Array(6).keys()].map((n) => `resource link${n}: http.resource { path: "/link${n}", body: { value: ${n} } } scope { nantes }${n ? ` with { after: [link${n - 1}] }` : ''}`);
  return `import http
entry nantes
site nantes { http: { url: "${nantes}" }, concurrency: 2 }
site paris  { http: { url: "${silent}" } }
site lille  { http: { url: "${lille}" } }

${chain.join('\n')}
resource base: http.resource { path: "/base", body: { value: 1 } } scope { nantes & paris }
resource either: http.resource { path: "/either", body: { value: 1 } } scope { paris | lille } with { retry: { times: 1 } }
resource bad: http.resource { path: "/bad", body: { value: 7 } } scope { lille }
resource needs: http.resource { path: "/needs", body: { value: 1 } } scope { lille } with { after: [bad] }
`;
}

// ---- scope

/** Starts it; gives the process, the page's address and how it ends. */
function start(folder, words) {
  const env = { PATH: process.env.PATH, HOME: folder, USER: 'tester' };
  const child = spawn(SCOPE, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const begun = Promise.withResolvers?.() ?? deferred();
  const hear = (part) => {
    said += part;
    const found = /watch it: (http:\S+)/.exec(said);
    if (found) begun.resolve(found[1]);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = new Promise((resolve) => child.on('exit', (code) => {
    begun.reject(new Error(`scope ended with ${code}:\n${said}`));
    resolve(code);
  }));
  begun.promise.catch(() => {});
  children.push(child);
  return { child, url: begun.promise, ended, said: () => said };
}

function deferred() {
  const it = {};
  it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
  return it;
}

const children = [];

function folder(name) {
  const made = path.join(CACHE, name);
  fs.rmSync(made, { recursive: true, force: true });
  fs.mkdirSync(made, { recursive: true });
  return made;
}

// ---- the browser

async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.wrongs = [];
  const host = new URL(url).host;
  page.on('console', (message) => {
    // The stream's end, when scope ends, is told so.
    if (message.type() === 'error' && !/ERR_(INCOMPLETE_CHUNKED|CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)/.test(message.text())) page.wrongs.push(message.text());
  });
  page.on('pageerror', (error) => page.wrongs.push(String(error.stack)));
  page.on('request', (request) => {
    if (new URL(request.url()).host !== host) page.wrongs.push(`asked elsewhere: ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

const text = (page, selector) => page.locator(selector).innerText();
const verdict = (page, word) => page.locator(`#verdict[data-verdict="${word}"]`).waitFor();
const tab = (page, name) => page.locator(`#tab-${name}`).click();
const picture = (page, name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });

/** Every text that is seen against what is behind it; the worst ones below the 4.5 : 1 that small text needs. */
function faint(page) {
  return page.evaluate(() => {
    const numbers = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0);
    const behind = (element) => {
      for (let each = element; each; each = each.parentElement) {
        const paper = numbers(getComputedStyle(each).backgroundColor);
        if (paper.length && (paper[3] ?? 1) === 1) return paper;
      }
      return [255, 255, 255];
    };
    const found = [];
    for (const element of document.querySelectorAll('body *')) {
      const has_text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (!has_text || !element.getClientRects().length || element.closest('svg, option, .is-faint')) continue;
      const [ink, paper] = [light(numbers(getComputedStyle(element).color)), light(behind(element))];
      const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
      if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${element.tagName}.${element.className} ${element.textContent.trim().slice(0, 30)}`);
    }
    return found;
  });
}

// ---- the checks

async function refused(url) {
  const token = new URL(url).pathname.split('/')[1];
  assert.match(token, /^[0-9a-f]{32}$/);
  const other = token.replace(/./g, (digit) => ((parseInt(digit, 16) + 1) % 16).toString(16));
  for (const wrong of [url.replace(token, other), new URL('/', url).href, new URL('/events', url).href, `${url.replace(token, other)}events`]) {
    const answer = await fetch(wrong);
    assert.equal(answer.status, 403, wrong);
    assert.doesNotMatch(await answer.text(), /<html|event:|link0/);
  }
}

async function live(chromium) {
  const gate = deferred();
  const [nantes, lille] = [await site(150, gate.promise), await site(40)];
  // A port that nobody listens at.
  const gone = await site(0);
  const silent = address(gone);
  await new Promise((resolve) => gone.close(resolve));
  const place = folder('live');
  fs.writeFileSync(path.join(place, 'main.scope'), program(address(nantes), address(lille), silent));
  const run = start(place, ['run', 'main.scope', '--web']);
  const url = await run.url;
  await refused(url);
  const page = await open(chromium, url);
  await verdict(page, 'running');
  // Live: a step is seen running while its site thinks, and done later, without loading again.
  await tab(page, 'graph');
  const node = (name) => page.locator('.node', { hasText: name });
  await page.locator('.node.is-running', { hasText: 'link3' }).waitFor();
  assert.equal(await page.locator('.node.is-waiting', { hasText: 'link4' }).count(), 1);
  const since = await text(page, '.node:has-text("link3") .node-words');
  await page.waitForFunction((words) => document.querySelector('.node.is-running .node-words').textContent !== words, since);
  await picture(page, 'live-graph');
  await tab(page, 'sites');
  await page.locator('.tile.is-running', { hasText: 'link3' }).waitFor();
  await page.locator('.tile.is-parked', { hasText: 'paris' }).waitFor();
  await picture(page, 'live-sites');
  // A second reader, who comes later, gets all of it.
  const late = await open(chromium, url, { colorScheme: 'dark' });
  await late.locator('.tile.is-running', { hasText: 'link3' }).waitFor();
  gate.resolve();
  await Promise.all([verdict(page, 'failed'), verdict(late, 'failed')]);

  // What needs somebody stands first, with its reason; at a glance each site's state in words.
  const trouble = await text(page, '.trouble');
  for (const words of ['Needs a look', 'failed', 'bad', 'parked', 'paris', 'base']) assert.ok(trouble.includes(words), `${words} in ${trouble}`);
  const tiles = await page.locator('.tile').allInnerTexts();
  assert.equal(tiles.length, 3);
  assert.match(tiles.find((tile) => tile.includes('nantes')), /done/);
  assert.match(tiles.find((tile) => tile.includes('paris')), /does not answer/);
  assert.match(tiles.find((tile) => tile.includes('lille')), /failed/);
  await picture(page, 'ended-sites');
  await picture(late, 'ended-sites-dark');

  // The log of a step: what failed, in whose words, and what waits for it. Escape goes back to where one was.
  await page.locator('.trouble .row', { hasText: 'bad' }).first().click();
  const detail = page.locator('#detail');
  await detail.waitFor();
  const log = await detail.innerText();
  for (const words of ['422', 'the value 7 is out of range', 'main.scope:', 'started', 'try 1', 'Waited for by', 'needs']) assert.ok(log.includes(words), `${words} in ${log}`);
  await picture(page, 'detail');
  await page.keyboard.press('Escape');
  await detail.waitFor({ state: 'hidden' });
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains('row')), 'the focus is back');

  // The graph: shapes, words and colours of every state; keys go from step to step.
  await tab(page, 'graph');
  for (const [name, state] of [['link5', 'done'], ['bad', 'failed'], ['needs', 'blocked']]) {
    assert.equal(await node(name).locator(`use[href="#s-${state}"]`).count(), 1, `${name} is ${state}`);
  }
  assert.ok(await page.locator('.node.is-tried').count(), 'an alternative that did not hold');
  assert.ok(await page.locator('.node.is-parked').count(), 'what waits for its site');
  assert.ok(await page.locator('.edge').count() >= 6);
  const first = page.locator('.node', { hasText: 'link0' });
  await first.focus();
  await page.keyboard.press('ArrowRight');
  assert.match(await page.evaluate(() => document.activeElement.innerText), /link1/);
  await page.keyboard.press('Enter');
  await detail.waitFor();
  await picture(page, 'ended-graph');
  await page.keyboard.press('Escape');
  await page.locator('.lane-name', { hasText: 'nantes' }).click();
  assert.equal(await page.locator('.lane-name', { hasText: 'nantes' }).getAttribute('aria-expanded'), 'false');
  await page.locator('.lane-name', { hasText: 'nantes' }).click();

  // The timeline: a bar a step that ran, and the chain that the end waited for.
  await tab(page, 'timeline');
  const spans = page.locator('.span');
  assert.ok(await spans.count() >= 10, 'a bar for each step that ran');
  const chain = await text(page, '.chain');
  for (const n of [...Array(6).keys()]) assert.ok(chain.includes(`link${n}`), chain);
  await picture(page, 'timeline');
  await picture(late, 'late');
  await spans.first().click();
  await detail.waitFor();
  await page.keyboard.press('Escape');

  // Filters: by state, by text, by site, and all again.
  await tab(page, 'steps');
  const rows = page.locator('#steps tbody tr');
  const all = await rows.count();
  await page.locator('.chip.is-failed').click();
  assert.equal(await rows.count(), 1);
  await page.locator('#clear').click();
  await page.keyboard.press('/');
  await page.locator('#text').fill('link');
  assert.equal(await rows.count(), 6);
  await page.locator('#clear').click();
  await page.locator('#site').selectOption({ label: 'lille' });
  const n_lille = await rows.count();
  assert.ok(n_lille > 0 && n_lille < all);
  await page.locator('#clear').click();
  assert.equal(await rows.count(), all);
  await picture(page, 'steps');

  // Light and dark can be read.
  for (const name of ['sites', 'graph', 'timeline', 'steps']) {
    await tab(page, name);
    await tab(late, name);
    assert.deepEqual(await faint(page), [], `${name}, light`);
    assert.deepEqual(await faint(late), [], `${name}, dark`);
  }

  // It stays, and says so, until it is told to end; the code is the run's.
  assert.match(run.said(), /the page stays at http/);
  assert.equal(run.child.exitCode, null);
  run.child.kill('SIGINT');
  assert.equal(await run.ended, 1);
  await page.locator('#connection', { hasText: 'scope has ended' }).waitFor();
  assert.deepEqual([...page.wrongs, ...late.wrongs], []);
  for (const server of [nantes, lille]) server.close();
}

async function big(chromium) {
  const place = folder('big');
  const python = onPath('python3');
  const words = [path.join(ROOT, 'benches/generate.py'), 'layered', '1000', '--sites', '40'];
  fs.writeFileSync(path.join(place, 'main.scope'), execFileSync(python, words));
  const run = start(place, ['run', 'main.scope', '--simulate', '--fault', 'cut=s7@200ms..1h', '--web', '--web-linger', '5min']);
  const page = await open(chromium, await run.url);
  await page.waitForFunction(() => !['waiting', 'running'].includes(document.getElementById('verdict').dataset.verdict), null, { timeout: PATIENCE });
  assert.equal(await page.locator('.tile').count(), 40);
  // A site whose steps could not be done is not called done.
  assert.ok(await page.locator('.tile.is-blocked', { hasText: 'held up' }).count() > 20);
  assert.match(await text(page, '.trouble'), /steps were not done because of this/);
  await picture(page, 'big-sites');
  const took = {};
  for (const name of ['graph', 'timeline', 'steps']) {
    const since = Date.now();
    await tab(page, name);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    took[name] = Date.now() - since;
    await picture(page, `big-${name}`);
  }
  await tab(page, 'graph');
  // Folded, all forty sites are seen with little to scroll; unfolded, every step has its name.
  const height = () => page.locator('.canvas').evaluate((canvas) => canvas.offsetHeight);
  const folded = await height();
  assert.ok(folded < 40 * 32, `${folded} pixels for forty sites`);
  const since = Date.now();
  await page.locator('#graph .tools button').click();
  await page.waitForFunction(() => document.querySelectorAll('.node-words').length >= 1000);
  assert.match(await text(page, '.node:has-text("r990")'), /r990/);
  took.unfolded = Date.now() - since;
  await picture(page, 'big-unfolded');
  await page.locator('#text').fill('r990');
  assert.equal(await page.locator('.node:not(.is-faint)').count(), 1);
  for (const [what, ms] of Object.entries(took)) assert.ok(ms < 10_000, `${what} took ${ms} ms`);
  assert.deepEqual(page.wrongs, []);
  console.log(`     1,000 steps drawn in ms: ${JSON.stringify(took)}`);
  run.child.kill('SIGINT');
  assert.ok([1, 4].includes(await run.ended));
}

async function main() {
  install();
  const chromium = await browser();
  let n_failed = 0;
  try {
    for (const [name, check] of [['a run that is watched', live], ['a plan of a thousand steps', big]]) {
      const since = Date.now();
      try {
        await check(chromium);
        console.log(`ok   ${name} (${((Date.now() - since) / 1000).toFixed(1)} s)`);
      } catch (error) {
        n_failed += 1;
        console.log(`FAIL ${name}: ${error.stack}`);
        const pages = chromium.contexts().flatMap((context) => context.pages());
        for (const [index, page] of pages.entries()) {
          await picture(page, `failed-${index}`).catch(() => {});
          if (page.wrongs?.length) console.log(`     ${page.wrongs.join('\n     ')}`);
        }
      }
      for (const context of chromium.contexts()) await context.close();
    }
  } finally {
    await chromium.close();
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  }
  process.exit(n_failed ? 1 : 0);
}

await main();
