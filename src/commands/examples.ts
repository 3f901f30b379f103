import type { Command } from 'commander';

/** What people type, a line each with what it is for, by the command that it is of. */
const EXAMPLES: Readonly<Record<string, readonly (readonly [line: string, use: string])[]>> = {
  'raw status': [['belt raw status', 'how much room raw takes, and what retention drops next']],
  start: [
    ['belt start', 'the bundled data, on the embedded database'],
    ['belt start --source responses', 'responses of your own'],
  ],
  land: [
    ['belt land --source responses', 'what is new in a folder, as one batch'],
    ['belt land --source responses --strict --json', 'for a scheduler: 1 if a file was rejected'],
    ['belt land --source archive', 'raw that belt raw archive has written, as it was'],
  ],
  transform: [
    ['belt transform', 'all models, over what was landed since they last ran'],
    ['belt transform --select battery_telemetry+', 'a model and what follows from it'],
    ['belt transform --full-refresh', 'anew from raw, while readers see the old'],
    [
      'belt transform --event-time-start 2026-11-01 --event-time-end 2026-11-08',
      'a week of history, from raw',
    ],
  ],
  watch: [
    ['belt watch --source responses', 'until Ctrl-C'],
    ['belt watch --source responses --listen 127.0.0.1:9464', 'for a monitor, too'],
    ["belt watch --source responses --webhook 'slack=$SLACK_URL'", 'alerts into a channel'],
  ],
  plan: [
    ['belt plan', 'what is pending, and why'],
    ['belt plan --full-refresh --select battery_telemetry+', 'what a rebuild would take'],
  ],
  run: [['belt run --select staging', 'the models of a folder']],
  build: [
    ['belt build', 'everything, with its tests'],
    [
      'belt build --select state:modified+ --state last',
      'what changed since the artifacts in last/',
    ],
  ],
  test: [
    ['belt test --select battery_telemetry --store-failures', 'keep the rows that tests find'],
  ],
  seed: [['belt seed --select metric_catalog', 'one CSV file']],
  snapshot: [['belt snapshot', 'all snapshots of the project']],
  retry: [['belt retry', 'after a run that failed in part']],
  compile: [
    ['belt compile --select battery_telemetry', 'a model as the database gets it'],
    [`belt compile --inline "select * from {{ ref('asset') }}"`, 'a text'],
  ],
  show: [['belt show --select battery_alert --limit 5', 'the first rows of a model']],
  list: [
    ['belt list --select +battery_daily --output name', 'what a model is made of'],
    ['belt list --resource-type test', 'the tests'],
  ],
  'source freshness': [['belt source freshness', 'how old what was landed is']],
  debug: [['belt debug --profiles-dir ~/.dbt', 'with the profiles of dbt']],
  status: [['belt status --json', 'for a monitor']],
  alerts: [
    ['belt alerts', 'what needs somebody now'],
    ['belt alerts --exit-code --json', 'for a scheduler: 1 if somebody is needed'],
    ['belt alerts --since 2d', 'what was, and what became of it'],
  ],
  'alerts mute': [
    ['belt alerts mute "Havenkade*" state_of_charge_low --for 4h', 'while somebody is on the way'],
    ["belt alerts mute b8db30a9-1d3b-4948-96a8-721ea6da1cab '*' --for 2d", 'all of one battery'],
  ],
  'alerts unmute': [['belt alerts unmute "Havenkade*"', 'somebody is needed again']],
  'raw archive': [
    ['belt raw archive --older-than 30d --to archive', 'old raw out of the database'],
    ['belt raw archive --older-than 1d --to archive --keep', 'a copy of all raw but the last'],
  ],
  'rejected list': [['belt rejected list', 'what was put aside, and why']],
  'rejected show': [['belt rejected show 12', 'where its check failed']],
  'rejected export': [['belt rejected export --all --to bad', 'to send it to the vendor']],
  'rejected retry': [
    ['belt rejected retry --reason unknown_device', 'after belt has learned to take it'],
  ],
  query: [
    ["belt query 'select * from battery_alert'", 'a table for people'],
    ["belt query 'select * from battery_daily' --format csv", 'rows for a spreadsheet'],
  ],
  migrate: [['belt migrate --status', 'what is there, and what is missing']],
  doctor: [['belt doctor', 'before the first landing on a new server']],
  'db serve': [['belt db serve --port 5433', 'then psql postgres://127.0.0.1:5433/postgres']],
  simulate: [
    [
      'belt simulate --devices 100 --from 2025-06-01 --to 2025-06-08 --out fleet --truth truth.csv',
      'a week of 100 batteries, and what is true of them',
    ],
  ],
};

/** Ends the help of each command with its examples. */
export function addExamples(program: Command, path: readonly string[] = []): void {
  for (const command of program.commands) {
    const names = [...path, command.name()];
    const examples = EXAMPLES[names.join(' ')];
    if (examples !== undefined) {
      const lines = examples.map(([line, use]) => `  ${line}\n      ${use}`);
      command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
    }
    addExamples(command, names);
  }
}
