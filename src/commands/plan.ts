import { type Command, Option } from 'commander';
import { withClient } from '../database/transaction.js';
import { bytesText, textTable } from '../format.js';
import { type PlannedNode, planTransform } from '../plan/plan.js';
import { TRANSFORMED } from '../run/transform.js';
import { openProject, selectionOf } from './open-project.js';
import { writeOut } from './output.js';
import {
  addEventTimeOptions,
  addMissingRawOption,
  addSelectionOptions,
  type RunFlags,
} from './project-options.js';
import { withMigratedDatabase } from './scope.js';
import { windowOf } from './transform.js';

export function addPlanCommand(program: Command): void {
  const command = addSelectionOptions(
    program.command('plan').description('what belt transform would do, and why; changes nothing'),
  )
    .addOption(new Option('-f, --full-refresh', 'as if with --full-refresh').default(false))
    .addOption(new Option('--all', 'also what stays as it is').default(false))
    .addOption(new Option('--json', 'print the plan as JSON').default(false));
  addMissingRawOption(command);
  addEventTimeOptions(command, 'of a window').action(async (_options, self: Command) => {
    const { project, options, threads } = openProject(
      self.optsWithGlobals<RunFlags & { all: boolean }>(),
    );
    const { selected } = selectionOf(project, options);
    const transformed = [...selected].filter((id) =>
      TRANSFORMED.has(project.nodes.get(id)?.resourceType ?? ''),
    );
    const plan = await withMigratedDatabase(options, 'plan', ({ database }) =>
      withClient(database.pool, (client) =>
        planTransform(client, project, {
          selected: new Set(transformed),
          fullRefresh: options.fullRefresh ?? false,
          allowsMissingRaw: options.allowMissingRaw ?? false,
          window: windowOf(options),
          sessions: database.engine === 'server' ? threads : 1,
        }),
      ),
    );
    writeOut(`${options.json ? JSON.stringify(plan) : planText(plan, options.all)}\n`);
    if (plan.some(({ action }) => action === 'refused')) process.exitCode = 1;
  });
}

function planText(plan: readonly PlannedNode[], all: boolean): string {
  const shown = plan.filter(({ action }) => all || action !== 'unchanged');
  const count = (action: PlannedNode['action']) =>
    plan.filter((node) => node.action === action).length;
  const counts = (
    [
      'create',
      'replace',
      'alter',
      'rebuild',
      'update',
      'refresh',
      'unchanged',
      'refused',
      'skipped',
    ] as const
  )
    .filter((action) => count(action) > 0)
    .map((action) => `${count(action)} ${action}`);
  if (shown.length === 0) return `Nothing to do: ${counts.join(', ') || 'no node is selected'}.`;
  const number = (value: number) => (value === 0 ? '' : value.toLocaleString('en-US'));
  const table = textTable(
    ['action', 'kind', 'node', 'batches', 'documents', 'readings', 'disk', 'why'],
    shown.map((node) => [
      node.action,
      node.materialized,
      node.name,
      number(node.batches),
      number(node.documents),
      number(node.readings),
      node.diskBytes === 0 ? '' : bytesText(node.diskBytes),
      [...node.reasons, ...piecesText(node)].join('; '),
    ]),
  );
  const hints = shown.flatMap(({ name, hint }) => (hint ? [`${name}: ${hint}`] : []));
  return [table, '', `Plan: ${counts.join(', ')}.`, ...hints].join('\n');
}

/** How the work of a model is shared out, where it is. */
function piecesText({ pieces = 0, sessions = 1 }: PlannedNode): string[] {
  if (pieces < 2) return [];
  return [`in ${pieces} pieces${sessions > 1 ? ` by ${sessions} sessions` : ''}`];
}
