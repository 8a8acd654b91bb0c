// The console in a real browser, by clicks and by keys, against the order desk.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { deliverTo, LOOKS, looksSound, openPage, SECRET, startBrowser, startDesk, tabTo } from './support.mjs';


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

const deliver = (message, options) => deliverTo(desk, message, options);

const lookup = (order_id, call = 'call-from-outside') => ({
  type: 'tool-calls',
  call: { id: call, type: 'inbound_phone_call', status: 'in-progress' },
  customer: { number: '+31612000111' },
  tool_call_list: [{ id: 'tool_1', type: 'function', function: { name: 'lookup_order', arguments: { order_id } } }],
});

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
    await page.locator('.result .badge').getByText(/^(answered|accepted|told an error)$/).waitFor();
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
  const sent = [];
  page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
  await json.press('Control+Enter');
  await json.fill('{"day": "someday", "hour": "late"}');
  await button('Call tool').click();
  await page.locator('.result .badge').getByText('wrong arguments').waitFor();
  assert.equal(sent.length, 1, 'what is no JSON is not sent');
  await button('Reset to the example').click();
  await page.getByRole('textbox', { name: 'hour' }).waitFor();
});

test('no digit of a number is lost', async () => {
  await go('tools/lookup_order');
  await page.getByLabel('max_lines: include').check();
  const field = page.getByRole('textbox', { name: 'max_lines' });
  await field.fill('9007199254740993');
  await button('JSON').click();
  const json = page.getByLabel('Arguments as JSON');
  assert.match(await json.inputValue(), /"max_lines": 9007199254740993\n/);
  await json.fill('{"order_id": "A-1042", "max_lines": 12345678901234567890, "other": [1.0, -0, 1e2]}');
  await button('Form').click();
  assert.equal(await field.inputValue(), '12345678901234567890');
  await button('Call tool').click();
  await page.getByRole('link', { name: 'Open delivery' }).click();
  const sent = (await region('Body').innerText()).replaceAll(/\s/g, '');
  assert.match(sent, /"max_lines":12345678901234567890,"other":\[1\.0,-0,1e2\]/);
  await button('Edit and replay').click();
  assert.match(await page.getByRole('textbox', { name: 'Body' }).inputValue(), /"max_lines": 12345678901234567890,/);
});

test('a tool that misses its deadline', async () => {
  await go('tools/count_stock');
  await button('Call tool').click();
  await page.locator('.result .badge').getByText('too late').waitFor();
  await page.locator('.result .timeline').getByText(/of 3 s/).waitFor();
});

test('a phone call, step by step and as a whole', async () => {
  await page.getByRole('link', { name: 'Phone call', exact: true }).click();
  for (const [step, outcome] of [['Ring', 'answered'], ['Pick up', 'accepted'], ['Call a tool', 'answered'], ['Hang up', 'accepted'], ['Break off', 'accepted'], ['Report', 'accepted']]) {
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

  await page.getByRole('link', { name: 'Phone call', exact: true }).click();
  await button('Play a whole call').click();
  await page.locator('.story > li').nth(4).getByText('accepted').waitFor();
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
    await page.getByText('It was not run.').waitFor();
    await page.locator('.detail').getByText('running').waitFor({ state: 'detached' });
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

test('a secret that a delivery repeats is not shown, not copied, and replayed all the same', async () => {
  await deliver({ ...lookup('A-1042', 'call-9'), assistant: { webhook_secret: 'of-the-assistant', server: { secret: SECRET } } });
  await go('deliveries');
  await page.getByRole('link', { name: /lookup_order.*call-9/ }).click();
  await region('Body').getByText('"[secret]"').first().waitFor();
  await page.getByText('Secrets in it are shown as [secret]').waitFor();
  for (const what of ['Copy curl', 'Copy test']) {
    await button(what).click();
    await button('Copied').first().waitFor();
    const copied = await clipboard();
    assert.equal(copied.includes(SECRET) || copied.includes('of-the-assistant'), false, copied);
  }
  assert.equal((await page.content()).includes('of-the-assistant'), false);
  const bytes = await page.getByText(/^[\d,]+ bytes$/).innerText();
  await button('Replay').click();
  await page.getByText('from this console').waitFor();
  await page.getByText(/Repeats.*same answer/).waitFor();
  assert.equal(await page.getByText(/^[\d,]+ bytes$/).innerText(), bytes);
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

test('a busy server is followed: what it has forgotten is gone, what it has answered does not run', async () => {
  await go('deliveries');
  for (let round = 0; round < 16; round++) {
    const statuses = await Promise.all(Array.from({ length: 20 }, (_, index) => deliver(lookup('A-1042', `call-${round}-${index}`)).then(({ status }) => status)));
    assert.deepEqual(new Set(statuses), new Set([200]));
  }
  await page.waitForFunction(() => document.querySelectorAll('.delivery-row').length === 300);
  await page.waitForFunction(() => [...document.querySelectorAll('.delivery-row .badge')].every((badge) => badge.textContent === 'answered'));
  await page.locator('.delivery-row').first().getByText('call-15-').waitFor();
  await button('Clear').click();
  await page.getByText('No deliveries yet').waitFor();
});

test('a tool among hundreds is found', async () => {
  await page.route('**/api/app', async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    for (let number = 0; number < 300; number++) json.tools.push({ ...json.tools[0], name: `tool_${number}` });
    await route.fulfill({ response, json });
  });
  await go('tools/tool_250');
  await page.reload();
  const tools = page.getByRole('navigation', { name: 'Tools' });
  await tools.getByText('306').waitFor();
  const chosen = tools.locator('[aria-current]');
  assert.match(await chosen.innerText(), /tool_250/);
  await page.waitForFunction(() => {
    const { top, bottom } = document.querySelector('nav.list [aria-current]').getBoundingClientRect();
    return top > 0 && bottom < innerHeight;
  });
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip', 'Tab begins at the top');
  await page.getByLabel('Filter tools').fill('tool_29 order');
  await page.waitForFunction(() => document.querySelectorAll('nav.list li').length === 11);
});

test('a form of any schema, and back to its example', async () => {
  const parameters = {
    type: 'object',
    required: ['items', 'who', 'free'],
    properties: {
      items: { type: 'array', items: { type: 'object', required: ['article'], properties: { article: { type: 'string' } } } },
      who: { anyOf: [{ title: 'A customer', type: 'object', properties: { number: { type: 'string' } } }, { title: 'A guest', type: 'object', properties: { name: { type: 'string' } } }] },
      free: { type: 'object' },
    },
  };
  const example = { items: [{ article: 'bell' }], who: { number: '12' }, free: { any: 1 } };
  await page.route('**/api/app', async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    json.tools.push({ ...json.tools[0], name: 'order_things', parameters, example });
    await route.fulfill({ response, json });
  });
  await go('tools/order_things');
  await page.reload();
  const inForm = async () => {
    await button('JSON').click();
    const text = await page.getByLabel('Arguments as JSON').inputValue();
    await button('Form').click();
    return JSON.parse(text);
  };
  assert.deepEqual(await inForm(), example);
  await button('Add to items').click();
  await page.getByRole('group', { name: /^items 2/ }).getByRole('textbox').fill('light');
  await page.getByLabel('Form of who').selectOption('A guest');
  await page.getByRole('textbox', { name: 'free' }).fill('{"any": 9007199254740993}');
  await button('Remove items 1').click();
  await looksSound(page, 'a form of any schema');
  await button('Reset to the example').click();
  assert.equal(await page.getByRole('textbox', { name: 'free' }).inputValue(), '{"any":1}');
  assert.equal(await page.getByLabel('Form of who').evaluate((field) => field.selectedOptions[0].text), 'A customer');
  assert.deepEqual(await inForm(), example);
});

test('nothing that comes from outside is more than text', async () => {
  const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  const turned = '\u202eturned';
  const call = { ...lookup('A-1042', evil), tool_call_list: [{ id: 't', type: 'function', function: { name: `${turned}${evil}${'x'.repeat(5000)}`, arguments: { [evil]: `${turned} ${'<b>'.repeat(40_000)}` } } }] };
  assert.equal((await deliver(call)).status, 200);
  await deliver({ type: evil, call: { id: turned, status: evil } });
  await go('deliveries');
  await page.getByRole('link', { name: /turned.*unknown tool/ }).click();
  await page.getByRole('heading', { level: 1, name: /\\u202eturned<img/ }).waitFor();
  assert.ok((await page.getByRole('heading', { level: 1 }).innerText()).length < 200);
  assert.equal((await page.locator('.detail').innerText()).includes('\u202e'), false, 'it is written out');
  await page.goto(`${desk.url}#/tools/%E0%A4%A`);
  await page.reload();
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  assert.equal(await page.title(), 'Console · hms-webhook');
});

test('what is copied as curl runs, with the secret from the environment', async () => {
  await deliver({ ...lookup('A-1042', "it's \"quoted\" $(and) `more` \\ é") });
  await go('deliveries');
  await page.getByRole('link', { name: /it's "quoted"/ }).click();
  await button('Copy curl').click();
  await button('Copied').waitFor();
  const command = await clipboard();
  assert.equal(command.includes(SECRET), false);
  const run = (environment) => execFileSync('sh', ['-eu', '-c', command], { env: { PATH: process.env.PATH, ...environment }, encoding: 'utf8', stdio: 'pipe' });
  assert.equal(JSON.parse(run({ HMS_WEBHOOK_SECRET: SECRET })).results[0].result.status, 'shipped');
  assert.match(run({ HMS_WEBHOOK_SECRET: 'another' }), /error/);
  assert.throws(() => run({}), /HMS_WEBHOOK_SECRET/);
  // Nobody who lists the processes sees it, and a body may be longer than an argument.
  assert.doesNotMatch(command, /-hmac|-macopt/);
  const long = { ...lookup('A-1042', 'call-that-is-long'), tool_call_list: [{ id: 't-long', type: 'function', function: { name: 'lookup_order', arguments: { order_id: 'x'.repeat(200_000) } } }] };
  await deliver(long);
  await page.getByRole('link', { name: /call-that-is-long/ }).click();
  await page.getByText(/200,\d+ bytes/).waitFor();
  await button('Copy curl').click();
  await button('Copied').waitFor();
  const directory = mkdtempSync(join(tmpdir(), 'hms-webhook-copied-'));
  writeFileSync(join(directory, 'copied.sh'), await clipboard());
  const told = execFileSync('bash', ['-eu', join(directory, 'copied.sh')], { env: { PATH: process.env.PATH, HMS_WEBHOOK_SECRET: SECRET }, encoding: 'utf8' });
  rmSync(directory, { recursive: true });
  assert.match(told, /results/);
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

  await tabTo(page, page.getByRole('link', { name: /^lookup_order/ }));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'lookup_order' }).waitFor();
  await tabTo(page, page.getByLabel('order_id'));
  await page.keyboard.press('Control+A');
  await page.keyboard.type('A-1042');
  await page.keyboard.press('Control+Enter');
  await region('Result of lookup_order').getByText('"shipped"').waitFor();
  await tabTo(page, page.getByRole('link', { name: 'Open delivery' }));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: /^lookup_order #/ }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');

  await tabTo(page, button('Edit and replay'));
  await page.keyboard.press('Space');
  await tabTo(page, page.getByLabel('Signature'));
  await page.keyboard.press('ArrowDown');
  await tabTo(page, button('Send'));
  await page.keyboard.press('Enter');
  await page.locator('.verdict.bad').waitFor();
  await tabTo(page, button('Replay'));
  await page.keyboard.press('Enter');
  await page.locator('.verdict.good').waitFor();
  for (const what of ['Copy curl', 'Copy test']) {
    await tabTo(page, button(what));
    await page.keyboard.press('Enter');
    await button('Copied').first().waitFor();
  }
  // What scrolls can be scrolled.
  await tabTo(page, region('Body'));

  await page.reload();
  await page.getByText('Live', { exact: true }).waitFor();
  await tabTo(page, page.getByRole('link', { name: 'Phone call', exact: true }));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Phone call' }).waitFor();
  for (const step of ['Ring', 'Pick up', 'Call a tool', 'Hang up', 'Break off', 'Report']) {
    const before = await page.locator('.story > li').count();
    await tabTo(page, page.getByRole('button', { name: new RegExp(`^${step}`) }));
    await page.keyboard.press('Enter');
    await page.locator('.story > li').nth(before).locator('.badge').waitFor();
  }
  await tabTo(page, page.getByRole('radio', { checked: true }));
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
  for (const view of ['Inbox', 'Definitions', 'Deliveries', 'Tools']) {
    await tabTo(page, page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: new RegExp(`^${view}`) }));
    await page.keyboard.press('Enter');
    await page.waitForFunction((name) => document.querySelector('nav.views [aria-current]')?.textContent.startsWith(name), view);
  }
});

test('each view in both themes and at phone width: accessible, and nothing to scroll sideways', async () => {
  const long = 'x'.repeat(300);
  await deliver({ ...lookup(long, `call-${long}`), type: `event-${long}`, tool_call_list: undefined });
  await deliver(lookup(long, `call-${long}`));
  await deliver(lookup('A-1042'), { secret: 'another' });
  for (const look of LOOKS) {
    const other = await openPage(browser, desk, look);
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
      await looksSound(other.page, where);
    }
    await other.close();
    assert.deepEqual(other.misdeeds, []);
  }
});
