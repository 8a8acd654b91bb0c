// Fastify, with the body as it came and a schema for the answer, which makes its serializer faster.
import Fastify from 'fastify';
import { answer, isSigned, longestBody, port } from './webhook.js';

const app = Fastify({ logger: false, bodyLimit: longestBody });
app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, raw, done) => done(null, raw));

const text = { type: 'string' };
const object = (properties) => ({ type: 'object', properties });
const status = object({ order_id: text, status: text, eta_days: { type: 'integer' } });
const results = { type: 'array', items: object({ tool_call_id: text, result: status, error: text }) };

app.post('/webhook', { schema: { response: { 200: object({ results }) } } }, async (request, response) => {
  if (!isSigned(request.headers, request.body ?? '')) return response.code(401).send();
  const reply = await answer(JSON.parse(request.body));
  return reply ?? response.code(400).send();
});

await app.listen({ port, host: '127.0.0.1' });
