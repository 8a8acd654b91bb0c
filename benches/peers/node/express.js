// Express, with the raw body that its JSON parser lets one keep.
import express from 'express';
import { answer, isSigned, longestBody, port } from './webhook.js';

const app = express();
app.disable('x-powered-by');
app.use(express.json({ limit: longestBody, verify: (request, _, raw) => { request.raw = raw; } }));

app.post('/webhook', async (request, response) => {
  if (!isSigned(request.headers, request.raw ?? '')) return response.sendStatus(401);
  const reply = await answer(request.body);
  return reply ? response.json(reply) : response.sendStatus(400);
});

app.listen(port, '127.0.0.1');
