import { createServer, connect as openSocket, type Socket } from 'node:net';

/** A network between a client and a server of the tests, which can be bad. */
export interface BadNetwork {
  readonly port: number;
  connections(): number;
  /** Resets everything that is open. */
  cut(): void;
  /** Takes everything and passes nothing on, in either direction, as a cable does that was pulled. */
  freeze(): void;
  /** Resets the next connections as soon as they are made. */
  refuse(count: number): void;
  stop(): Promise<void>;
}

/** @param bytesPerSecond towards the server; absent: as fast as it goes */
export async function badNetworkTo(port: number, bytesPerSecond?: number): Promise<BadNetwork> {
  const open = new Set<Socket>();
  let connections = 0;
  let refusals = 0;
  let isFrozen = false;
  const server = createServer((near) => {
    connections += 1;
    near.on('error', () => undefined);
    if (refusals > 0) {
      refusals -= 1;
      near.resetAndDestroy();
      return;
    }
    const far = openSocket({ host: '127.0.0.1', port });
    for (const [from, to, rate] of [
      [near, far, bytesPerSecond],
      [far, near, undefined],
    ] as const) {
      open.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.end();
      });
      from.on('data', (piece: Buffer) => {
        if (isFrozen) return;
        const goesOn = to.write(piece);
        if (rate !== undefined) {
          from.pause();
          setTimeout(() => from.resume(), (piece.length / rate) * 1_000);
        } else if (!goesOn) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    connections: () => connections,
    cut,
    freeze() {
      isFrozen = true;
    },
    refuse(count) {
      refusals = count;
    },
    async stop() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
