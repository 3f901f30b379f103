import { createServer, type ServerResponse } from 'node:http';
import { BeltError, UsageError } from '../errors.js';
import type { Fault } from './faults.js';
import { OPEN_METRICS_TYPE } from './open-metrics.js';

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** What the endpoint tells. */
export interface Told {
  faults(): readonly Fault[];
  /** In the OpenMetrics text format. */
  metrics(): string;
}

export interface HttpEndpoint {
  /** For example http://127.0.0.1:9464. */
  readonly url: string;
  close(): Promise<void>;
}

/** Reads `HOST:PORT`, `[::1]:PORT` or `PORT`, which is one of 127.0.0.1. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:(\[[\da-f:]+\]|[^:[\]]+):)?(\d{1,5})$/i.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new UsageError(`--listen ${text} is no address.`, {
      hint: 'Write it as 127.0.0.1:9464; port 0 takes any free one.',
    });
  }
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}

/** Offers /healthz (200, or 503 with what is wrong) and /metrics (OpenMetrics). */
export async function offerHttp(address: ListenAddress, told: Told): Promise<HttpEndpoint> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(response, 405, 'text/plain', 'GET only\n');
    } else if (path === '/healthz') {
      const faults = told.faults();
      const body = { status: faults.length === 0 ? 'ok' : 'fault', faults };
      answer(
        response,
        faults.length === 0 ? 200 : 503,
        'application/json',
        `${JSON.stringify(body)}\n`,
      );
    } else if (path === '/metrics') {
      answer(response, 200, OPEN_METRICS_TYPE, told.metrics());
    } else {
      answer(response, 404, 'text/plain', 'There are /healthz and /metrics.\n');
    }
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(address, error)));
    server.listen(address.port, address.host, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : address.port);
    });
  });
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

function cannotListen({ host, port }: ListenAddress, error: NodeJS.ErrnoException): BeltError {
  return new BeltError(`${host}:${port} cannot be listened on: ${error.message}`, {
    hint:
      error.code === 'EADDRINUSE'
        ? 'Something else listens there: choose another with --listen.'
        : 'Choose another address with --listen.',
    cause: error,
  });
}
