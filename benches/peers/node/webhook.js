// What both servers share: the secret, the check of a delivery, and running its tool calls.
import crypto from 'node:crypto';

export const port = Number(process.env.PORT ?? 18080);
export const longestBody = 2 << 20;
const secret = process.env.WEBHOOK_SECRET ?? 'bench-secret-0123456789abcdef';
const tolerance = 300;
const deadline = 9_000;

const tools = {
  async lookup_order({ order_id }) {
    if (typeof order_id !== 'string') throw new Error('bad arguments');
    return { order_id, status: 'shipped', eta_days: 2 };
  },
};

/** Whether the raw body was signed with the secret, and now. */
export function isSigned(headers, raw) {
  const timestamp = headers['x-webhook-timestamp'] ?? '';
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > tolerance) return false;
  const mac = crypto.createHmac('sha256', secret).update(timestamp + '.').update(raw).digest('hex');
  const given = Buffer.from(headers['x-webhook-signature'] ?? '');
  const wanted = Buffer.from('sha256=' + mac);
  return given.length === wanted.length && crypto.timingSafeEqual(given, wanted);
}

/** The answer to a `tool-calls` event; nothing for another one. */
export async function answer({ message }) {
  if (message?.type !== 'tool-calls') return undefined;
  const results = [];
  for (const { id, function: { name, arguments: given } } of message.tool_call_list) {
    try {
      if (!Object.hasOwn(tools, name)) throw new Error(`there is no tool ${name}`);
      results.push({ tool_call_id: id, result: await within(deadline, tools[name](given)) });
    } catch (error) {
      results.push({ tool_call_id: id, error: error.message });
    }
  }
  return { results };
}

function within(time, outcome) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('the tool took too long')), time);
  });
  return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
}
