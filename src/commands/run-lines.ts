import { countText, secondsText } from '../format.js';
import type { Project } from '../project/project.js';
import { isGood, type NodeResult, type NodeStatus, type RunListener } from '../run/run-events.js';
import type { RunSummary } from '../run/run-project.js';
import type { Console } from './console.js';

const LABELS: Readonly<Record<NodeStatus, string>> = {
  success: 'OK',
  error: 'ERROR',
  skipped: 'SKIP',
  pass: 'PASS',
  fail: 'FAIL',
  warn: 'WARN',
  'partial success': 'PARTIAL',
};

/** Tells a run with a line each node, as dbt prints them. */
export function runListener(
  console: Console,
  project: Project,
  command: string,
  debug: boolean,
): RunListener {
  const progress = console.progress('Transforming', 'readings');
  return {
    onWait: () =>
      console.log('Waiting for another belt transform to finish.', {
        event: 'waiting',
        for: command,
      }),
    onStart: (nodes) =>
      console.log(`Running ${countText(nodes, 'node')} of ${project.name}`, {
        event: 'run_started',
        nodes,
      }),
    onNodeStart: (index, total, name, materialized) => {
      if (console.format === 'json') {
        console.log('', { event: 'node_started', index, total, name, materialized });
      }
    },
    onProgress: progress.update,
    onNodeEnd: (index, total, result) => {
      progress.stop();
      console.log(nodeLine(index, total, result), {
        event: 'node_finished',
        index,
        total,
        ...withoutSql(result),
      });
    },
    onLog: (message, info) => {
      if (info || debug) console.log(message, { event: 'log', message });
    },
  };
}

/** A result as events and --json tell it: its SQL is in the artifacts. */
export function withoutSql(result: NodeResult): Omit<NodeResult, 'compiledCode' | 'runCode'> {
  const { compiledCode: _, runCode: __, ...rest } = result;
  return rest;
}

/** `3 of 12 OK hypertable battery_telemetry ...... [UPSERT 45 in 0.12 s]` */
function nodeLine(index: number, total: number, result: NodeResult): string {
  const head = `${index} of ${total} ${LABELS[result.status]} ${result.materialized} ${result.name} `;
  const place = `${result.file}${result.line === undefined ? '' : `:${result.line}`}`;
  const told = `\n  ${place}: ${result.message.replaceAll('\n', '\n  ')}\n  ${result.hint}`;
  switch (result.status) {
    case 'success':
    case 'partial success':
    case 'pass': {
      const line = `${head.padEnd(64, '.')} [${result.message} in ${secondsText(result.seconds)}]`;
      return result.warning === undefined ? line : `${line}\n  Warning: ${result.warning}`;
    }
    case 'skipped':
      return `${head.padEnd(64, '.')} [${result.message}]`;
    default:
      return `${head.padEnd(64, '.')} [in ${secondsText(result.seconds)}]${told}`;
  }
}

/** `Done in 0.52 s: 12 OK, 1 failed, 0 skipped.` */
export function runText(summary: RunSummary): string {
  const count = (...statuses: NodeStatus[]) =>
    summary.results.filter((result) => statuses.includes(result.status)).length;
  const counts = [
    `${count('success', 'pass')} OK`,
    ...(count('warn') > 0 ? [`${count('warn')} warned`] : []),
    ...(count('partial success') > 0 ? [`${count('partial success')} in part`] : []),
    `${count('error', 'fail')} failed`,
    `${count('skipped')} skipped`,
  ];
  const lines = [`Done in ${secondsText(summary.seconds)}: ${counts.join(', ')}.`];
  if (summary.interrupted) lines.push('Interrupted: the rest was not begun.');
  if (summary.policies.length > 0) {
    lines.push(
      `Ran ${countText(summary.policies.length, 'due policy', 'due policies')} on the embedded engine.`,
    );
  }
  return lines.join('\n');
}

/** Tells selectors that nothing met, and policies that failed. */
export function logRemarks(
  console: Console,
  unmatched: readonly string[],
  policies: RunSummary['policies'],
): void {
  for (const selector of unmatched) {
    console.log(`The selector ${selector} matches no node.`, { event: 'unmatched', selector });
  }
  for (const policy of policies) {
    if (policy.fault === undefined) continue;
    console.log(`The policy ${policy.procedure} of ${policy.relation} failed: ${policy.fault}`, {
      event: 'policy_failed',
      ...policy,
    });
  }
}

export function succeeded(summary: RunSummary): boolean {
  return !summary.interrupted && summary.results.every(({ status }) => isGood(status));
}
