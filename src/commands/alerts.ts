import { type Command, Option } from 'commander';
import type { PoolClient } from 'pg';
import { type MuteSummary, muteAlerts, unmuteAlerts } from '../alerts/mute-alerts.js';
import { readAlertEvents, readOpenAlerts } from '../alerts/read-alerts.js';
import { withClient } from '../database/transaction.js';
import { BeltError } from '../errors.js';
import { alertEventsText, muteText, openAlertsText } from './alerts-text.js';
import { parseDuration } from './durations.js';
import { writeOut } from './output.js';
import { type GlobalOptions, withMigratedDatabase } from './scope.js';

interface AlertsOptions extends GlobalOptions {
  readonly all: boolean;
  readonly since?: number;
  readonly exitCode: boolean;
  readonly json: boolean;
}

interface MuteOptions extends GlobalOptions {
  readonly for: number;
  readonly json: boolean;
}

/** The schema of the models. */
const SCHEMA = 'public';

export function addAlertsCommand(program: Command): void {
  const alerts = program
    .command('alerts')
    .description('the alerts that are open, or all; mutes those that somebody knows of')
    .addOption(new Option('--all', 'closed ones too').default(false).conflicts('since'))
    .addOption(new Option('--since <age>', 'open at any time since: 2d').argParser(secondsOf))
    .addOption(
      new Option('--exit-code', 'end with 1 where an alert is open that nobody knows of').default(
        false,
      ),
    )
    .addOption(new Option('--json', 'print JSON').default(false))
    .action(async (_options, command: Command) => {
      await showAlerts(command.optsWithGlobals<AlertsOptions>());
    });
  alerts
    .command('mute')
    .description('tells that alerts are known of: battery_alert says until when')
    .argument('<device|site>', 'a UUID, or sites as the vendor describes them, with * for any text')
    .argument('<rule>', 'a rule of alert_rule.csv, or * for all')
    .requiredOption('--for <time>', 'for how long: 30m, 4h, 2d, 1w', secondsOf)
    .addOption(new Option('--json', 'print JSON').default(false))
    .action(async (target: string, rule: string, _options, command: Command) => {
      const options = command.optsWithGlobals<MuteOptions>();
      await say(options, (client) => muteAlerts(client, SCHEMA, { target, rule }, options.for));
    });
  alerts
    .command('unmute')
    .description('takes that back')
    .argument('<device|site>', 'as for mute')
    .argument('[rule]', 'a rule of alert_rule.csv, or * for all', '*')
    .addOption(new Option('--json', 'print JSON').default(false))
    .action(async (target: string, rule: string, _options, command: Command) => {
      const options = command.optsWithGlobals<MuteOptions>();
      await say(options, (client) => unmuteAlerts(client, SCHEMA, { target, rule }));
    });
}

async function showAlerts(options: AlertsOptions): Promise<void> {
  const { open, events } = await withMigratedDatabase(options, 'alerts', ({ database }) =>
    withClient(database.pool, async (client) => ({
      open: built(await readOpenAlerts(client, SCHEMA)),
      events:
        options.all || options.since !== undefined
          ? built(await readAlertEvents(client, SCHEMA, sinceOf(options.since)))
          : undefined,
    })),
  );
  if (options.json) writeOut(`${JSON.stringify(events ?? open)}\n`);
  else writeOut(`${events === undefined ? openAlertsText(open) : alertEventsText(events)}\n`);
  if (options.exitCode && open.some(({ acknowledgedUntil }) => acknowledgedUntil === null)) {
    process.exitCode = 1;
  }
}

/** Throws where the models have not run: that no alert is open would not be known. */
function built<T>(alerts: T | undefined): T {
  if (alerts !== undefined) return alerts;
  throw new BeltError('The models of alerts have not been built here.', {
    hint: 'Run `belt transform` first.',
  });
}

async function say(
  options: MuteOptions,
  work: (client: PoolClient) => Promise<MuteSummary>,
): Promise<void> {
  const summary = await withMigratedDatabase(options, 'alerts', ({ database }) =>
    withClient(database.pool, work),
  );
  writeOut(`${options.json ? JSON.stringify(summary) : muteText(summary)}\n`);
}

function sinceOf(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(Date.now() - seconds * 1000);
}

function secondsOf(text: string): number {
  const units = ['s', 'm', 'h', 'd', 'w'] as const;
  return parseDuration(text, units, 'Write it as 30m, 4h, 2d or 1w.') / 1000;
}
