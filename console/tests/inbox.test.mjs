// The inbox in a real browser: what waits, what runs, what could not be done, and how that is tried again.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { deliverTo, LOOKS, looksSound, openPage, ROOT, startBrowser, startDesk, tabTo } from './support.mjs';

/** A program whose handlers fail, wait and hang: `tests/tests/console/program.rs`. */
const WATCHED = process.env.WATCHED ?? join(ROOT, 'target/debug/watched');

let browser;
let desk;
let page;
let opened;

before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());
beforeEach(async () => {
  desk = await startDesk({ program: WATCHED });
  opened = await openPage(browser, desk, { path: '#/inbox' });
  page = opened.page;
});
afterEach(async () => {
  await opened.close();
  assert.equal(await desk.stop(), 0);
  assert.deepEqual(opened.misdeeds, []);
});

const send = async (type, call = 'call-1') => assert.equal((await deliverTo(desk, { type, call: { id: call } })).status, 200);
const section = (name) => page.locator('section').filter({ has: page.getByRole('heading', { level: 2, name }) });
const item = (where, event) => section(where).locator('details', { hasText: event });

/** Waits until the page counts so. */
const counts = (waiting, running, dead) =>
  page.waitForFunction((wanted) => [...document.querySelectorAll('dl.counts dd')].map((one) => one.textContent).join() === wanted, [waiting, running, dead].join());

test('what waits, what runs and what is dead is told apart, without asking again', async () => {
  await counts(0, 0, 0);
  await section('Dead letters').getByText('None').waitFor();
  await section('Waiting and running').getByText('Nothing waits').waitFor();

  await send('conversation-update', 'call-that-runs');
  await counts(0, 1, 0);
  await item('Waiting and running', 'conversation-update').locator('.badge').getByText('running').waitFor();

  await send('hang', 'call-that-waits');
  await counts(1, 1, 0);
  const waiting = item('Waiting and running', 'hang');
  await waiting.locator('.badge').getByText('waiting').waitFor();
  await waiting.locator('summary').click();
  await waiting.getByText('1 try', { exact: true }).waitFor();
  await waiting.getByText(/^next at \d{4}-\d\d-\d\d \d\d:/).waitFor();
  await waiting.getByText('try it later').waitFor();
  await waiting.getByText('"call-that-waits"').waitFor();
  assert.equal(await waiting.getByRole('button', { name: 'Replay' }).count(), 0);

  await send('user-interrupted', 'call-of-the-bell');
  await counts(1, 0, 0);
});

test('a dead letter is tried again by a click', async () => {
  await send('transcript');
  await counts(0, 0, 1);
  const letter = item('Dead letters', 'transcript');
  await letter.locator('.badge').getByText('dead letter').waitFor();
  await letter.locator('summary').click();
  await letter.getByText('the archive is closed').waitFor();
  await letter.getByRole('button', { name: 'Replay' }).click();
  await page.getByRole('status').getByText('transcript is tried again').waitFor();
  await counts(0, 0, 0);
  await section('Dead letters').getByText('None').waitFor();
});

test('and by keys alone', async () => {
  await send('transcript');
  await counts(0, 0, 1);
  const letter = item('Dead letters', 'transcript');
  await tabTo(page, letter.locator('summary'));
  await page.keyboard.press('Enter');
  await tabTo(page, letter.getByRole('button', { name: 'Replay' }));
  await page.keyboard.press('Enter');
  await counts(0, 0, 0);
});

test('a full inbox is accessible in both themes and at phone width', async () => {
  const long = 'x'.repeat(300);
  await send('hang', `call-${long}`);
  await send('transcript', `call-${long}`);
  await counts(1, 0, 1);
  for (const look of LOOKS) {
    const other = await openPage(browser, desk, { ...look, path: '#/inbox' });
    for (const summary of await other.page.locator('details').all()) await summary.locator('summary').click();
    const where = `${look.theme}, ${look.width ?? 'wide'}`;
    await looksSound(other.page, where);
    await other.close();
    assert.deepEqual(other.misdeeds, []);
  }
});
