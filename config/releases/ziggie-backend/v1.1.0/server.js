// Answers GET /health with what health.json beside it says: 200 while its status is "ok", else 500.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const health = readFileSync(new URL('health.json', import.meta.url), 'utf8');
const { status } = JSON.parse(health);

createServer((request, response) => {
  const code = request.url !== '/health' ? 404 : status === 'ok' ? 200 : 500;
  response.writeHead(code, { 'content-type': 'application/json' }).end(health);
}).listen(Number(process.env.PORT ?? 8080), '127.0.0.1');
