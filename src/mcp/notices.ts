import type { Server } from '@modelcontextprotocol/server';
import type { Principal } from '../ports/domain.ts';
import { matchResource, touchedBy } from '../resources/index.ts';
import type { McpBackend, Notice } from './session.ts';

/** The addresses that a notice may tell this principal about: decided anew each time, on the facts at hand. */
export async function addressesFor(
  backend: McpBackend,
  principal: Principal,
  notice: Extract<Notice, { kind: 'changed' }>,
): Promise<string[]> {
  const addresses = touchedBy(notice.targets);
  const allowed = await Promise.all(
    addresses.map(async (address) => {
      const matched = matchResource(address);
      if (!matched || !backend.mayUse(principal, matched.resource.tool)) return false;
      const target = notice.targets.find(({ type, id }) => type === 'Instance' && id === matched.input.id);
      return target ? backend.mayRead(principal, matched.resource.tool, target) : true;
    }),
  );
  return addresses.filter((_, index) => allowed[index]);
}

/** Sends change notices over a server's connection for as long as it lives. */
export function forwardNotices(server: Server, backend: McpBackend, principal: Principal, wanted: (uri: string) => boolean): void {
  const stop = backend.notices.subscribe((notice) => {
    void (async () => {
      if (notice.kind === 'tools') return server.notification({ method: 'notifications/tools/list_changed' });
      for (const uri of await addressesFor(backend, principal, notice)) {
        if (wanted(uri)) await server.notification({ method: 'notifications/resources/updated', params: { uri } });
      }
    })().catch(() => undefined);
  });
  server.onclose = stop;
}
