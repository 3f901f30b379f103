import { createServer, type Server, type Socket } from 'node:net';
import { BeltError } from '../../errors.js';
import type { EmbeddedHandle } from './handle.js';
import { createEmbeddedSession } from './session.js';

/** A running server. */
export interface ServedDatabase {
  readonly port: number;
  /** Stops listening, and ends the sessions. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * Offers the embedded database on a loopback port. Sessions take turns on its one backend: a
 * transaction keeps its turn to its end. Port 0 takes any free one.
 */
export async function serveDatabase(
  { engine, turns }: EmbeddedHandle,
  port: number,
): Promise<ServedDatabase> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    const session = createEmbeddedSession(
      engine,
      turns,
      (bytes) => void socket.write(bytes),
      () => socket.end(),
    );
    socket.on('data', (chunk) => {
      // what the client sends while its last messages are dealt with waits in the socket
      socket.pause();
      session.receive(chunk).then(
        () => socket.resume(),
        () => socket.destroy(),
      );
    });
    const end = () => {
      sockets.delete(socket);
      void session.end();
    };
    socket.on('error', end);
    socket.on('close', end);
  });
  const actual = await listen(server, port);
  return {
    port: actual,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new BeltError(`The port ${port} cannot be used: ${error.message}`, {
          hint:
            error.code === 'EADDRINUSE'
              ? 'Something else listens there: choose another with --port, or 0 for any free one.'
              : 'Choose another port with --port.',
        }),
      ),
    );
    server.listen(port, HOST, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
