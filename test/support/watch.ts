import type { ChildProcess } from 'node:child_process';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { finished, type LogEvent } from './processes.js';
import { readRows } from './read-rows.js';
import { type Series, telemetryJson } from './responses.js';
import type { Workspace } from './workspace.js';

/** A running `belt watch`. */
export interface Watch {
  readonly child: ChildProcess;
  readonly events: readonly LogEvent[];
  /** Waits for an event, also one that was logged already, from the place of the last one on. */
  next(name: string, isAwaited?: (event: LogEvent) => boolean): Promise<LogEvent>;
  /** The URL of the database while it runs. */
  readonly url: string;
  /** Rows of the database that it works on, while it runs. */
  query<T>(sql: string): Promise<T[]>;
  /** Of `/healthz` or `/metrics`. */
  get(path: string): Promise<{ status: number; type: string | null; text: string }>;
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

export async function startWatch(workspace: Workspace, ...parameters: string[]): Promise<Watch> {
  const isEmbedded = workspace.url.startsWith('embedded:');
  const child = workspace.spawnBelt(
    'watch',
    ...['--listen', '127.0.0.1:0', '--log-format', 'json'],
    ...(isEmbedded ? ['--port', '0'] : []),
    ...parameters,
  );
  const ended = finished(child);
  onTestFinished(() => void child.kill('SIGKILL'));
  const events: LogEvent[] = [];
  let place = 0;
  let tell = () => {};
  const reader = createInterface({ input: child.stderr as NodeJS.ReadableStream });
  reader.on('line', (line) => {
    if (line.startsWith('{')) events.push(JSON.parse(line));
    tell();
  });
  let isOver = false;
  reader.on('close', () => {
    isOver = true;
    tell();
  });
  const next: Watch['next'] = async (name, isAwaited = () => true) => {
    for (;;) {
      const event = events[place];
      if (event === undefined) {
        if (isOver) throw new Error(`It ended before ${name}:\n${JSON.stringify(events)}`);
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
        continue;
      }
      place++;
      if (event.event === name && isAwaited(event)) return event;
    }
  };
  const served = isEmbedded ? String((await next('serving')).url) : workspace.url;
  const { url } = await next('listening');
  return {
    child,
    events,
    next,
    url: served,
    query: async <T>(sql: string) => {
      const client = new pg.Client({ connectionString: served });
      await client.connect();
      try {
        return await readRows<T>(client, sql);
      } finally {
        await client.end();
      }
    },
    get: async (path) => {
      const response = await fetch(`${url}${path}`);
      const text = await response.text();
      return { status: response.status, type: response.headers.get('content-type'), text };
    },
    stop: async (signal) => {
      child.kill(signal);
      return (await ended).code;
    },
  };
}

/** Writes a response as its writer should: beside its place, and then renamed. */
export async function putResponse(source: string, device: string, series: Series): Promise<void> {
  const file = join(source, 'telemetry', `${device}.json`);
  await writeFile(`${file}.part`, telemetryJson(series));
  await rename(`${file}.part`, file);
}
