import { type Command, Option } from 'commander';
import { type ServedDatabase, serveDatabase } from '../database/embedded/serve.js';
import { BeltError, UsageError } from '../errors.js';
import { bytesText, countText, oneLine, secondsText } from '../format.js';
import { parseReceiver, RECEIVER_KINDS, type Receiver } from '../watch/alerts/receivers.js';
import { parseListenAddress } from '../watch/http-endpoint.js';
import { type WatchListener, watch } from '../watch/watch.js';
import type { Console } from './console.js';
import { announceServed, DEFAULT_PORT, parsePort } from './db.js';
import { parseDuration } from './durations.js';
import { LAND_THREADS, tellRejected } from './land.js';
import { openProject } from './open-project.js';
import { addProjectOptions, type ProjectOptions } from './project-options.js';
import { faultText } from './report-fault.js';
import { type CommandScope, migrateFirst, withDatabase } from './scope.js';

interface WatchFlags extends ProjectOptions {
  readonly source: string;
  readonly every: number;
  readonly listen?: string;
  readonly port?: number;
  readonly webhook?: readonly string[];
}

/** Sessions besides those of the threads: of the lock, of metrics and of webhooks. */
const MORE_SESSIONS = 3;

export function addWatchCommand(program: Command): void {
  addProjectOptions(
    program
      .command('watch')
      .description('land what is new and transform it, again and again, until it is stopped')
      .addOption(
        new Option('--source <dir>', 'holds assets/*.json and telemetry/<deviceId>.json').default(
          'data',
        ),
      )
      .addOption(
        new Option('--every <time>', 'look at all files so often; changes are seen at once')
          .argParser(parseInterval)
          .default(10_000, '10s'),
      )
      .option(
        '--webhook <[kind=]url...>',
        `send alerts there; kinds: ${RECEIVER_KINDS.join(', ')}; $NAME is a variable of the environment`,
      )
      .option('--listen <address>', 'offer /healthz and /metrics, such as 127.0.0.1:9464')
      .addOption(
        new Option(
          '--port <port>',
          'TCP port of 127.0.0.1 at which the embedded database is served',
        )
          .argParser(parsePort)
          .default(undefined, `${DEFAULT_PORT}; 0 takes any free one`),
      ),
  ).action(async (_options, command: Command) => {
    let isTerminated = false;
    process.once('SIGTERM', () => {
      isTerminated = true;
    });
    const open = openProject(command.optsWithGlobals<WatchFlags>());
    const { options, threads } = open;
    const { source, every: everyMs } = options;
    const listen = options.listen === undefined ? undefined : parseListenAddress(options.listen);
    const receivers = receiversOf(options.webhook ?? []);
    const work = async (scope: CommandScope) => {
      const { console, database, signal } = scope;
      checkEngine(scope, options.port);
      await migrateFirst(scope);
      const served = await serve(scope, options.port ?? DEFAULT_PORT);
      try {
        await watch(
          database,
          open.project,
          {
            source,
            everyMs,
            listen,
            receivers,
            threads,
            landThreads: LAND_THREADS,
            signal,
            load: () => openProject(command.optsWithGlobals<WatchFlags>()).project,
          },
          listenerOf(console, source, everyMs),
        );
      } finally {
        await served?.close();
      }
    };
    await withDatabase(options, 'watch', work, Math.max(threads, LAND_THREADS) + MORE_SESSIONS);
    // to be stopped is how a service ends; Ctrl-C is an interruption
    process.exitCode = isTerminated ? 0 : 130;
  });
}

function checkEngine({ database }: CommandScope, port: number | undefined): void {
  if (database.embedded !== undefined) return;
  if (database.engine === 'embedded') {
    throw new UsageError('belt watch opens the embedded database itself, and serves it.', {
      hint: 'Stop the process that serves it, and give DATABASE_URL=embedded:PATH.',
    });
  }
  if (port === undefined) return;
  throw new UsageError('--port is that of the embedded database; a server serves itself.', {
    hint: 'Leave --port out; /healthz and /metrics are offered by --listen.',
  });
}

/** Serves the embedded database: nobody else could use it while it is watched. */
async function serve(scope: CommandScope, port: number): Promise<ServedDatabase | undefined> {
  const { embedded } = scope.database;
  if (embedded === undefined) return undefined;
  const served = await serveDatabase(embedded, port);
  await announceServed(scope, embedded, served);
  return served;
}

/** The webhooks that are asked for, none twice. */
function receiversOf(texts: readonly string[]): Receiver[] {
  const receivers = texts.map((text) => parseReceiver(text, process.env));
  return [...new Map(receivers.map((receiver) => [receiver.name, receiver])).values()];
}

function listenerOf(console: Console, source: string, everyMs: number): WatchListener {
  let landed = '';
  let wasEmpty = false;
  return {
    onListening: (url) =>
      console.log(`Offering ${url}/healthz and ${url}/metrics`, { event: 'listening', url }),
    onWatching: () =>
      console.log(
        `Watching ${oneLine(source)}, each ${secondsText(everyMs / 1000)} and when it changes`,
        {
          event: 'watching',
          source,
          everyMs,
        },
      ),
    onWait: (what) =>
      console.log(`Waiting for another belt ${what} to finish.`, { event: 'waiting', for: what }),
    onEmptySource: () => {
      if (!wasEmpty)
        console.log(`${oneLine(source)} holds no response yet.`, { event: 'empty', source });
      wasEmpty = true;
    },
    onRejected: (file) => tellRejected(console, file),
    onLanded: ({ batchId, documents, readings, bytes, seconds }) => {
      landed = '';
      if (batchId === undefined) return;
      wasEmpty = false;
      landed = `Landed ${countText(documents, 'document')} (${countText(readings, 'reading')}, ${bytesText(bytes)}) as batch ${batchId} in ${secondsText(seconds)}`;
      if (console.format === 'text') return;
      console.log('', { event: 'landed', batch: batchId, documents, readings, bytes, seconds });
    },
    onTransformed: ({ results, seconds, policies }) => {
      if (landed !== '' && console.format === 'text') {
        console.log(`${landed}, transformed in ${secondsText(seconds)}.`, {});
      }
      landed = '';
      if (console.format === 'text') return;
      const models = Object.fromEntries(results.map((result) => [result.name, result.seconds]));
      console.log('', { event: 'transformed', seconds, models, policies });
    },
    onDelivered: (receiver, { event, state }) => {
      if (console.format === 'json') {
        console.log('', { event: 'alert_sent', receiver, alert: event, state });
      }
    },
    onRefused: (receiver, { event, state }, reason) =>
      console.log(`The webhook ${receiver} refuses the alert ${event}: ${reason}.`, {
        event: 'alert_refused',
        receiver,
        alert: event,
        state,
        reason,
      }),
    onFault: ({ step, since }, error) =>
      console.log(faultText(error), {
        event: 'fault',
        step,
        since: since.toISOString(),
        message: (error as Error).message,
        ...(error instanceof BeltError ? { ...error.location, hint: error.hint } : {}),
      }),
    onOver: ({ step, message, since }) =>
      console.log(`It works again, after this since ${since.toISOString()}: ${oneLine(message)}`, {
        event: 'fault_over',
        step,
        since: since.toISOString(),
        message,
      }),
  };
}

const DAY_MS = 24 * 3_600_000;

function parseInterval(text: string): number {
  const wanted = 'Write it as 500ms, 10s, 5m or 1h: from 100ms up to a day.';
  return parseDuration(text, ['ms', 's', 'm', 'h'], wanted, { atLeast: 100, atMost: DAY_MS });
}
