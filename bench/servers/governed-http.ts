import { createInvoke } from '../../src/call/invoke.ts';
import { createHttpFace } from '../../src/mcp/http.ts';
import { createToken } from '../../src/state/tokens.ts';
import { openGovernedRoad } from '../governed-road.ts';
import { serveUntilLetGo } from './serve.ts';

/** Our HTTP face before the governed road: token, Host and Origin are checked as in `ziggie-cloud serve`. */
const { server, road, principal, close } = await openGovernedRoad();
const face = createHttpFace({
  backend: { ...server.backend, invoke: createInvoke(road) },
  allowedHosts: [],
  authenticate: server.authenticate,
  countUnauthenticated: () => server.refusals.count(),
  onError: (error) => server.log.warn({ reason: error.message }, 'a request could not be handled'),
});
serveUntilLetGo(face.fetch, createToken(server.store, principal.id).token, async () => {
  await face.close();
  await close();
});
