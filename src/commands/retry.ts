import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { readJson } from '../artifacts/write-artifacts.js';
import { UsageError } from '../errors.js';
import { isMap, type YamlMap } from '../project/reading/yaml-file.js';
import { mapOf, mapsOf, textOf } from '../project/selecting/artifact-values.js';
import { isGood } from '../run/run-events.js';
import { artifactsFolder, openProject } from './open-project.js';
import { writeOut } from './output.js';
import { addProjectOptions, type RunFlags } from './project-options.js';
import { runNodes, typesOf } from './run-nodes.js';
import { runTransform } from './transform.js';

export function addRetryCommand(program: Command): void {
  addProjectOptions(
    program
      .command('retry')
      .description('run again what failed or was skipped in the last run, with its flags'),
  )
    .addOption(new Option('--json', 'print the results as JSON').default(false))
    .action(async (_options, self: Command) => {
      const given = self.optsWithGlobals<RunFlags>();
      const artifacts = artifactsFolder(given);
      const last = mapOf(readJson(join(artifacts, 'run_results.json')));
      const args = mapOf(last.args);
      const command = textOf(args.which);
      if (!isMap(last.args) || (typesOf(command) === undefined && command !== 'transform')) {
        throw new UsageError(`${artifacts} holds no results of a run that can be run again.`, {
          hint: 'Run belt build, run, test, seed, snapshot or transform first.',
        });
      }
      const open = openProject({ ...flagsOf(args), ...given });
      const results = mapsOf(last.results).filter(({ status }) => !isGood(textOf(status)));
      const selected = results
        .map((result) => textOf(result.unique_id))
        .filter((id) => open.project.nodes.has(id));
      if (selected.length === 0) {
        writeOut('Nothing failed in the last run: there is nothing to run again.\n');
        return;
      }
      const chosen = {
        selected: new Set(selected),
        unmatched: [],
        retried: failedBatches(results),
      };
      await (command === 'transform'
        ? runTransform(open, chosen)
        : runNodes(open, command, chosen));
    });
}

function flagsOf(args: YamlMap): Partial<RunFlags> {
  const time = (key: string) =>
    typeof args[key] === 'string' ? new Date(args[key] as string) : undefined;
  const start = time('event_time_start');
  const end = time('event_time_end');
  return {
    ...(typeof args.vars === 'string' ? { vars: args.vars } : {}),
    ...(typeof args.target === 'string' ? { target: args.target } : {}),
    ...(typeof args.profiles_dir === 'string' ? { profilesDir: args.profiles_dir } : {}),
    ...(typeof args.threads === 'number' ? { threads: args.threads } : {}),
    fullRefresh: args.full_refresh === true,
    allowMissingRaw: args.allow_missing_raw === true,
    failFast: args.fail_fast === true,
    storeFailures: args.store_failures === true,
    ...(start === undefined ? {} : { eventTimeStart: start }),
    ...(end === undefined ? {} : { eventTimeEnd: end }),
  };
}

/** Of microbatch models that were built in part: what is left to build. */
function failedBatches(results: readonly YamlMap[]): Map<string, [string, string][]> {
  return new Map(
    results.flatMap((result): [string, [string, string][]][] => {
      const { failed } = mapOf(result.batch_results);
      if (result.status !== 'partial success' || !Array.isArray(failed)) return [];
      return [[textOf(result.unique_id), failed as [string, string][]]];
    }),
  );
}
