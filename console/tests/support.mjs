// The order desk under `serve --dev`, and a browser that talks to nobody else.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

export const SECRET = 'demo-secret-1';
export const ROOT = resolve(import.meta.dirname, '../..');
const DESK = process.env.ORDER_DESK ?? join(ROOT, 'target/debug/order-desk');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Starts the desk on a free port. `url` is the console's address. */
export async function startDesk({ program = DESK, environment = {} } = {}) {
  if (!existsSync(program)) throw new Error(`${program} is missing: cargo build -p order-desk --features hms-webhook/console`);
  const directory = await mkdtemp(join(tmpdir(), 'hms-webhook-console-'));
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HMS_WEBHOOK_|ORDER_DESK_|RUST_LOG|PORT$)/.test(name)));
  const desk = spawn(program, ['serve', '--dev'], {
    cwd: directory,
    env: {
      ...inherited,
      HMS_WEBHOOK_SECRET: SECRET,
      HMS_WEBHOOK_LISTEN: '127.0.0.1:0',
      HMS_WEBHOOK_STORE: `sqlite:${join(directory, 'events.sqlite3')}`,
      ORDER_DESK_DATABASE: join(directory, 'desk.sqlite3'),
      ORDER_DESK_SLOW: '1',
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  const ended = new Promise((done) => desk.once('exit', done));
  const url = await new Promise((found, failed) => {
    desk.stderr.on('data', (text) => {
      log += text;
      const match = /http:\/\/[\w.:[\]]+\/_console\/\w+\//.exec(log);
      if (match) found(match[0]);
    });
    ended.then((status) => failed(new Error(`the desk ended with ${status}:\n${log}`)));
  });
  const stop = async () => {
    desk.kill('SIGTERM');
    const status = await ended;
    await rm(directory, { recursive: true, force: true });
    return status;
  };
  return { url, origin: new URL(url).origin, webhook: `${new URL(url).origin}/webhooks/hms-sovereign`, log: () => log, stop, directory };
}

export async function startBrowser() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** A page of the console that notes everything it should not do. */
export async function openPage(browser, desk, { path = '', theme = 'light', width = 1280, height = 860 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: desk.origin });
  const page = await context.newPage();
  page.setDefaultTimeout(8000);
  const misdeeds = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) misdeeds.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => misdeeds.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(desk.origin) && !url.startsWith('data:')) misdeeds.push(`request to ${url}`);
  });
  await page.goto(desk.url + path);
  await page.getByText('Live', { exact: true }).waitFor();
  return { page, misdeeds, close: () => context.close() };
}

/** As the platform does it, without the crate's own signer. */
export function deliverTo(desk, message, { secret = SECRET, age = 0 } = {}) {
  const body = JSON.stringify({ message });
  const timestamp = String(Math.floor(Date.now() / 1000) - age);
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return fetch(desk.webhook, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-webhook-timestamp': timestamp, 'x-webhook-signature': `sha256=${signature}` },
    body,
  });
}

/** Presses Tab until what has the focus is `locator`. */
export async function tabTo(page, locator, limit = 120) {
  const target = await locator.elementHandle();
  for (let presses = 0; presses < limit; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${locator} cannot be reached with Tab`);
}

/** How a page can be looked at. */
export const LOOKS = [{ theme: 'light' }, { theme: 'dark' }, { theme: 'light', width: 360, height: 740 }, { theme: 'dark', width: 360, height: 740 }];

/** Nothing keeps anybody from using the page, and nothing of it has to be scrolled to sideways. */
export async function looksSound(page, where) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200))]), [], where);
  const sideways = await page.evaluate(() => [document.documentElement, document.querySelector('main')].map((element) => element.scrollWidth - element.clientWidth));
  assert.deepEqual(sideways, [0, 0], where);
}
