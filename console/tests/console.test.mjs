// The console in a real browser, by clicks and by keys, against the order desk.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { openPage, SECRET, startBrowser, startDesk } from './support.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser;
let desk;
let page;
let opened;

before(async () => {
  [desk, browser] = await Promise.all([startDesk(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  assert.equal(await desk?.stop(), 0);
});
beforeEach(async () => {
  opened = await openPage(browser, desk);
  page = opened.page;
});
afterEach(async () => {
  await opened.close();
  assert.deepEqual(opened.misdeeds, []);
});

const button = (name) => page.getByRole('button', { name, exact: true });
const go = (hash) => page.goto(`${desk.url}#/${hash}`);
const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
const region = (name) => page.getByRole('region', { name, exact: true });

/** As the platform does it, without the crate's own signer. */
function deliver(message, { secret = SECRET, age = 0 } = {}) {
  const body = JSON.stringify({ message });
  const timestamp = String(Math.floor(Date.now() / 1000) - age);
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return fetch(desk.webhook, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-webhook-timestamp': timestamp, 'x-webhook-signature': `sha256=${signature}` },
    body,
  });
}

const lookup = (order_id, call = 'call-from-outside') => ({
  type: 'tool-calls',
  call: { id: call, type: 'inbound_phone_call', status: 'in-progress' },
  customer: { number: '+31612000111' },
  tool_call_list: [{ id: 'tool_1', type: 'function', function: { name: 'lookup_order', arguments: { order_id } } }],
});

/** Presses Tab until what has the focus is `locator`. */
async function tabTo(locator, limit = 120) {
  const target = await locator.elementHandle();
  for (let presses = 0; presses < limit; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${locator} cannot be reached with Tab`);
}

test('a tool is called from its form', async () => {
  await page.getByRole('link', { name: /^lookup_order/ }).click();
  await page.getByLabel('order_id').fill('A-1042');
  await page.getByLabel('max_lines: include').check();
  await page.getByRole('textbox', { name: 'max_lines' }).fill('1');
  await button('Call tool').click();
  await region('Result of lookup_order').getByText('"shipped"').waitFor();
  const result = JSON.parse(await region('Result of lookup_order').innerText());
  assert.deepEqual([result.order_id, result.lines.length, result.further_lines], ['A-1042', 1, 2]);
  await page.getByRole('link', { name: 'Open delivery' }).click();
  assert.deepEqual(JSON.parse(await region('Arguments of lookup_order').innerText()), { order_id: 'A-1042', max_lines: 1 });
});

test('every tool begins with arguments that it takes', async () => {
  const names = await page.locator('nav[aria-label=Tools] .mono').allInnerTexts();
  assert.equal(names.length, 6);
  for (const name of names.filter((name) => name !== 'count_stock')) {
    await go(`tools/${name}`);
    await button('Call tool').click();
    await region(`Result of ${name}`).waitFor();
    await page.locator('.result .badge').getByText(/^(ok|accepted|told an error)$/).waitFor();
    const result = await region(`Result of ${name}`).innerText();
    assert.doesNotMatch(result, /argument|expected/, name);
  }
});

test('nested, optional and chosen arguments', async () => {
  await go('tools/book_slot');
  await page.getByLabel('day').fill('2027-03-01');
  await page.getByRole('textbox', { name: 'hour' }).fill('10');
  await page.getByLabel('reason').selectOption('advice');
  await page.getByLabel('bikes: include').check();
  await page.getByRole('textbox', { name: 'bikes' }).fill('2');
  await button('JSON').click();
  const json = page.getByLabel('Arguments as JSON');
  assert.deepEqual(JSON.parse(await json.inputValue()), { day: '2027-03-01', hour: 10, visit: { reason: 'advice', bikes: 2 } });
  await json.fill('{"day": ');
  assert.equal(await button('Call tool').isDisabled(), true);
  await json.fill('{"day": "someday", "hour": "late"}');
  await button('Call tool').click();
  await page.locator('.result .badge').getByText('wrong arguments').waitFor();
  await button('Reset to the example').click();
  await page.getByRole('textbox', { name: 'hour' }).waitFor();
});

test('a tool that misses its deadline', async () => {
  await go('tools/count_stock');
  await button('Call tool').click();
  await page.locator('.result .badge').getByText('too late').waitFor();
  await page.locator('.result .timeline').getByText(/of 3 s/).waitFor();
});

test('a phone call, step by step and as a whole', async () => {
  await page.getByRole('link', { name: 'Phone call' }).click();
  for (const [step, outcome] of [['Ring', 'answered'], ['Pick up', 'acknowledged'], ['Call a tool', 'ok'], ['Hang up', 'acknowledged'], ['Break off', 'acknowledged'], ['Report', 'acknowledged']]) {
    if (step === 'Call a tool') {
      await page.getByLabel('Tool', { exact: true }).selectOption('lookup_order');
      await page.getByLabel('Arguments').fill('{"order_id": "A-1043"}');
    }
    const before = await page.locator('.story > li').count();
    await page.getByRole('button', { name: new RegExp(`^${step}`) }).click();
    const row = page.locator('.story > li').nth(before);
    await row.locator('.badge').getByText(outcome, { exact: true }).waitFor();
  }
  await page.getByText('“Hello Mrs Vos, how can I help?”').waitFor();
  await button('Send the last one again').click();
  await page.locator('.story').getByText('Report, again').waitFor();
  await page.getByRole('link', { name: 'Open the delivery of Report', exact: true }).click();
  // What the answer to the assistant-request attached came back with the later events.
  await region('Body').getByText('"metadata"').waitFor();

  await page.getByRole('link', { name: 'Phone call' }).click();
  await button('Play a whole call').click();
  await page.locator('.story > li').nth(4).getByText('acknowledged').waitFor();
});

test('a web call has no numbers', async () => {
  await go('call');
  await page.getByLabel(/A web call/).check();
  await page.getByRole('button', { name: /^Pick up/ }).click();
  await page.getByRole('link', { name: 'Open the delivery of Pick up' }).click();
  const { message } = JSON.parse(await region('Body').innerText());
  assert.deepEqual([message.call.type, message.customer.number, message.phone_number.number], ['web_call', null, null]);
});

test('deliveries from outside appear by themselves, verified or not', async () => {
  await go('deliveries');
  assert.equal((await deliver(lookup('A-1042', 'call-7'))).status, 200);
  const row = page.getByRole('link', { name: /lookup_order.*call-7/ });
  await row.click();
  await page.getByText('from outside').waitFor();
  await page.locator('.verdict.good').waitFor();
  await page.locator('.timeline').getByText('lookup_order').waitFor();
  await page.locator('.headers').getByText('x-webhook-timestamp').waitFor();
  await page.locator('.log').getByText('answered').waitFor();

  for (const [options, why] of [[{ secret: 'another' }, /signature/], [{ age: 400 }, /old/]]) {
    const before = await page.locator('.delivery-row').count();
    assert.equal((await deliver(lookup('A-1042'), options)).status, 401);
    await page.waitForFunction((count) => document.querySelectorAll('.delivery-row').length > count, before);
    await page.getByRole('link', { name: /not verified/ }).first().click();
    await page.locator('.verdict.bad').getByText(why).waitFor();
  }
  assert.equal((await fetch(desk.webhook, { method: 'POST', body: '{}' })).status, 401);
  assert.equal((await page.content()).includes(SECRET), false);
});

test('replay, with and without edits', async () => {
  await deliver(lookup('A-1050', 'call-8'));
  await go('deliveries');
  await page.getByRole('link', { name: /lookup_order.*call-8/ }).click();
  await button('Replay').click();
  await page.getByText('from this console').waitFor();
  await page.getByText(/Repeats.*same answer/).waitFor();

  await button('Edit and replay').click();
  const body = page.getByRole('textbox', { name: 'Body' });
  await body.fill((await body.inputValue()).replace('A-1050', 'A-1042').replace('tool_1', 'tool_2'));
  await button('Send').click();
  await page.getByText(/Repeats.*another answer/).waitFor();
  await region('Result of lookup_order').getByText('"A-1042"').waitFor();

  for (const [signature, age, why] of [['wrong', '0', /signature/], ['none', '0', /no signature|signature/], ['valid', '400', /old/], ['valid', '-400', /future/]]) {
    await button('Edit and replay').click();
    await page.getByLabel('Signature').selectOption(signature);
    await page.getByLabel('Timestamp').selectOption(age);
    await button('Send').click();
    await page.locator('.verdict.bad').getByText(why).waitFor();
  }
  await button('Edit and replay').click();
  await page.getByRole('textbox', { name: 'Body' }).fill('no JSON at all');
  await page.getByText('This is no JSON').waitFor();
  await button('Send').click();
  await page.locator('.badge').getByText('refused, 400').first().waitFor();
});

test('deliveries can be sought and cleared', async () => {
  await deliver(lookup('A-1042', 'call-of-this-test'));
  await go('deliveries');
  await page.getByRole('link', { name: /call-of-this-test/ }).waitFor();
  await page.getByLabel('Filter deliveries').fill('lookup call-of-this-test');
  await assert.doesNotReject(page.waitForFunction(() => document.querySelectorAll('.delivery-row').length === 1));
  await page.getByLabel('Filter deliveries').fill('');
  await button('Clear').click();
  await page.getByText('No deliveries yet').waitFor();
});

test('what is copied as curl runs, with the secret from the environment', async () => {
  await deliver({ ...lookup('A-1042', "it's \"quoted\" $(and) `more` \\ é") });
  await go('deliveries');
  await page.locator('.delivery-row').first().click();
  await button('Copy curl').click();
  await button('Copied').waitFor();
  const command = await clipboard();
  assert.equal(command.includes(SECRET), false);
  const run = (environment) => execFileSync('sh', ['-eu', '-c', command], { env: { PATH: process.env.PATH, ...environment }, encoding: 'utf8', stdio: 'pipe' });
  assert.equal(JSON.parse(run({ HMS_WEBHOOK_SECRET: SECRET })).results[0].result.status, 'shipped');
  assert.match(run({ HMS_WEBHOOK_SECRET: 'another' }), /error/);
  assert.throws(() => run({}), /HMS_WEBHOOK_SECRET/);
});

test('the definitions, for each profile', async () => {
  await page.getByRole('link', { name: 'Definitions' }).click();
  const tabs = page.getByRole('navigation', { name: 'Profiles' }).getByRole('link');
  await tabs.first().waitFor();
  for (const tab of await tabs.all()) {
    await tab.click();
    await page.waitForFunction((name) => document.querySelector('pre[role=region]')?.ariaLabel === `Definitions for ${name}`, await tab.innerText());
    const text = await page.locator('pre[role=region]').innerText();
    assert.match(text, /lookup_order/);
    JSON.parse(text);
  }
  await button('Copy definitions').click();
  assert.match(await clipboard(), /book_slot/);
});

test('the colours follow the system until one chooses, and stay chosen', async () => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await background();
  assert.notEqual(light, dark);
  await page.getByRole('radio', { name: 'Light' }).check();
  assert.equal(await background(), light);
  await page.reload();
  assert.equal(await background(), light);
  await page.getByRole('radio', { name: 'Dark' }).check();
  await page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await background(), dark);
});

test('all of it by keys alone', async () => {
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');

  await tabTo(page.getByRole('link', { name: /^lookup_order/ }));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'lookup_order' }).waitFor();
  await tabTo(page.getByLabel('order_id'));
  await page.keyboard.press('Control+A');
  await page.keyboard.type('A-1042');
  await page.keyboard.press('Control+Enter');
  await region('Result of lookup_order').getByText('"shipped"').waitFor();
  await tabTo(page.getByRole('link', { name: 'Open delivery' }));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: /^lookup_order #/ }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');

  await tabTo(button('Edit and replay'));
  await page.keyboard.press('Space');
  await tabTo(page.getByLabel('Signature'));
  await page.keyboard.press('ArrowDown');
  await tabTo(button('Send'));
  await page.keyboard.press('Enter');
  await page.locator('.verdict.bad').waitFor();
  await tabTo(button('Replay'));
  await page.keyboard.press('Enter');
  await page.locator('.verdict.good').waitFor();
  for (const what of ['Copy curl', 'Copy test']) {
    await tabTo(button(what));
    await page.keyboard.press('Enter');
    await button('Copied').first().waitFor();
  }
  // What scrolls can be scrolled.
  await tabTo(region('Body'));

  await page.reload();
  await page.getByText('Live', { exact: true }).waitFor();
  await tabTo(page.getByRole('link', { name: 'Phone call' }));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Phone call' }).waitFor();
  for (const step of ['Ring', 'Pick up', 'Call a tool', 'Hang up', 'Break off', 'Report']) {
    const before = await page.locator('.story > li').count();
    await tabTo(page.getByRole('button', { name: new RegExp(`^${step}`) }));
    await page.keyboard.press('Enter');
    await page.locator('.story > li').nth(before).locator('.badge').waitFor();
  }
  await tabTo(page.getByRole('radio', { checked: true }));
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
  for (const view of ['Inbox', 'Definitions', 'Deliveries', 'Tools']) {
    await tabTo(page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: new RegExp(`^${view}`) }));
    await page.keyboard.press('Enter');
    await page.waitForFunction((name) => document.querySelector('nav.views [aria-current]')?.textContent.startsWith(name), view);
  }
});

test('each view in both themes and at phone width: accessible, and nothing to scroll sideways', async () => {
  const long = 'x'.repeat(300);
  await deliver({ ...lookup(long, `call-${long}`), type: `event-${long}`, tool_call_list: undefined });
  await deliver(lookup(long, `call-${long}`));
  await deliver(lookup('A-1042'), { secret: 'another' });
  const looks = [{ theme: 'light' }, { theme: 'dark' }, { theme: 'light', width: 360, height: 740 }, { theme: 'dark', width: 360, height: 740 }];
  for (const look of looks) {
    const other = await openPage(browser, desk, look);
    await other.page.evaluate(axe);
    await other.page.goto(`${desk.url}#/call`);
    await other.page.getByRole('button', { name: 'Play a whole call' }).click();
    await other.page.locator('.story > li').nth(4).locator('.badge').waitFor();
    const newest = Number((await other.page.locator('.story a.open').last().getAttribute('href')).split('/').at(-1));
    const first = newest - 7;
    const views = ['tools', 'tools/find_slot', 'tools/book_slot', 'call', 'deliveries', `deliveries/${first}`, `deliveries/${first + 1}`, `deliveries/${first + 2}`, `deliveries/${newest - 2}`, 'deliveries/9999999', 'inbox', 'definitions', 'compose', 'edit'];
    for (const view of views) {
      if (view === 'edit') {
        await other.page.goto(`${desk.url}#/deliveries/${newest}`);
        await other.page.getByRole('button', { name: 'Edit and replay' }).click();
        await other.page.getByRole('textbox', { name: 'Body' }).waitFor();
      } else {
        await other.page.goto(`${desk.url}#/${view}`);
        await other.page.waitForTimeout(50);
      }
      const where = `${view}, ${look.theme}, ${look.width ?? 'wide'}`;
      const { violations } = await other.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200))]), [], where);
      const sideways = await other.page.evaluate(() => [document.documentElement, document.querySelector('main')].map((element) => element.scrollWidth - element.clientWidth));
      assert.deepEqual(sideways, [0, 0], where);
    }
    await other.close();
    assert.deepEqual(other.misdeeds, []);
  }
});
