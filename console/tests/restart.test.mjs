// What happens to a page when its server ends and another one begins; and what is copied as a test.
import assert from 'node:assert/strict';
import { readFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deliverTo, openPage, ROOT, startBrowser, startDesk } from './support.mjs';

const GARAGE = process.env.GARAGE ?? join(ROOT, 'target/debug/garage');
/** Tests that the console's tests were copied to, and that `cargo test` runs. */
const COPIED = join(ROOT, 'tests/tests/console/copied');

test('a page finds the server again, and says where to look when its address has changed', async () => {
  const token = '0123456789abcdef0123456789abcdef';
  const browser = await startBrowser();
  let desk = await startDesk({ environment: { HMS_WEBHOOK_CONSOLE_TOKEN: token } });
  const listen = new URL(desk.url).host;
  const { page } = await openPage(browser, desk);
  try {
    await page.goto(`${desk.url}#/call`);
    await page.getByRole('button', { name: /^Ring/ }).click();
    await page.getByRole('link', { name: 'Open the delivery of Ring' }).waitFor();
    await desk.stop();
    await page.getByText('Reconnecting').waitFor();
    desk = await startDesk({ environment: { HMS_WEBHOOK_CONSOLE_TOKEN: token, HMS_WEBHOOK_LISTEN: listen, ORDER_DESK_SLOW: '0' } });
    await page.getByText('Live', { exact: true }).waitFor();
    // The first delivery of the new start is not that of the call which the old one was told of.
    await deliverTo(desk, { type: 'status-update', call: { id: 'another', status: 'ended' } });
    await page.getByRole('link', { name: 'Deliveries' }).getByText('1').waitFor();
    assert.equal(await page.locator('.story > li').count(), 1);
    assert.equal(await page.getByRole('link', { name: 'Open the delivery of Ring' }).count(), 0);
    await page.getByRole('link', { name: 'Tools', exact: true }).click();
    // The tools are those of the new build.
    await page.waitForFunction(() => document.querySelectorAll('nav[aria-label=Tools] li').length === 5);

    await desk.stop();
    desk = await startDesk({ environment: { HMS_WEBHOOK_LISTEN: listen } });
    await page.getByRole('heading', { name: 'The server was started again' }).waitFor();
  } finally {
    await browser.close();
    await desk.stop();
  }
});

test('what is copied as a test is a test that passes', async () => {
  if (!existsSync(GARAGE)) throw new Error(`${GARAGE} is missing: cargo build -p hms-webhook-tests`);
  const browser = await startBrowser();
  const garage = await startDesk({ program: GARAGE, environment: { HMS_WEBHOOK_STORE: 'memory' } });
  const { page, misdeeds } = await openPage(browser, garage);
  const copied = {};
  const copy = async (name) => {
    await page.getByRole('button', { name: 'Copy test' }).click();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    copied[name] = text.replaceAll(/tool_[0-9a-f]{8}/g, 'tool_1').replaceAll(/20\d\d-\d\d-\d\dT[\d:.]+Z/g, '2026-02-05T12:00:00Z');
  };
  try {
    await page.goto(`${garage.url}#/call`);
    await page.getByLabel('Call id').fill('call-1');
    await page.goto(`${garage.url}#/tools/find_slot`);
    await page.getByLabel('day').fill('one "day"\\');
    await page.getByRole('button', { name: 'Call tool' }).click();
    await copy('tool');
    await page.getByRole('button', { name: 'JSON' }).click();
    await page.getByLabel('Arguments as JSON').fill('{"limit": [1.5, null, true], "day": {}}');
    await page.getByRole('button', { name: 'Call tool' }).click();
    await page.locator('.result .badge').getByText('wrong arguments').waitFor();
    await copy('wrong_arguments');
    // What JavaScript would round, what is too long for an `i32`, and more than the macro goes through.
    const numbers = '5000000000, -9223372036854775808, 18446744073709551615, 123456789012345678901234567890, 9007199254740993.5, 1.0, -0, 1e-7';
    const many = Array.from({ length: 60 }, (_, index) => `"\\u202e#\\"# ${index}"`);
    for (const [name, limit] of [['exact_numbers', `[${numbers}]`], ['too_large_a_number', '1e999'], ['many_items', `[${many}, 9007199254740993]`]]) {
      await page.getByLabel('Arguments as JSON').fill(`{"limit": ${limit}, "day": {}}`);
      const answered = page.waitForResponse(/deliveries/);
      await page.getByRole('button', { name: 'Call tool' }).click();
      await answered;
      await page.waitForFunction(() => !document.querySelector('form button.primary').disabled);
      await copy(name);
    }
    for (const [name, step] of [['greeting', 'Ring'], ['status', 'Pick up'], ['broken_off', 'Break off'], ['report', 'Report']]) {
      await page.goto(`${garage.url}#/call`);
      await page.getByRole('button', { name: new RegExp(`^${step}`) }).click();
      await page.getByRole('link', { name: `Open the delivery of ${step}` }).click();
      await copy(name);
    }
    assert.deepEqual(misdeeds, []);
  } finally {
    await browser.close();
    await garage.stop();
  }
  for (const [name, text] of Object.entries(copied)) {
    const file = join(COPIED, `${name}.rs`);
    if (process.env.UPDATE) writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'), `${file} (UPDATE=1 writes it anew)`);
  }
});
