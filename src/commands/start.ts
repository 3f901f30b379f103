import { type Command, Option } from 'commander';
import { BUNDLED_DATA } from '../folders.js';
import { statusText } from '../status/status-text.js';
import { landWithProgress } from './land.js';
import { isIncomplete, landText } from './land-text.js';
import { openProject, selectionOf } from './open-project.js';
import type { RunFlags } from './project-options.js';
import { succeeded } from './run-lines.js';
import { migrateFirst, withDatabase } from './scope.js';
import { statusOf } from './status.js';
import { transformInScope, transformText } from './transform.js';

const NEXT_STEPS = `Next steps
  npm run -s belt -- query "select * from battery_alert"
  npm run -s belt -- query "select * from battery_daily" --format csv
  npm run -s belt -- status
  npm run -s belt -- db serve                   # for psql or an alerting system
  npm run -s belt -- land --source DIR          # responses of your own
  DATABASE_URL=postgres://… npm start           # on a TimescaleDB server`;

export function addStartCommand(program: Command): void {
  program
    .command('start')
    .description('land a directory, transform it, and show the result')
    .addOption(
      new Option('--source <dir>', 'the directory to land').default(
        BUNDLED_DATA,
        'the bundled data',
      ),
    )
    .action(async (_options, command: Command) => {
      const open = openProject(command.optsWithGlobals<RunFlags & { source: string }>());
      await withDatabase(open.options, 'start', async (scope) => {
        await migrateFirst(scope);
        const landed = await landWithProgress(scope, open.options.source);
        scope.console.print(landText(landed));
        if (isIncomplete(landed)) process.exitCode = 1;
        const summary = await transformInScope(
          scope,
          open,
          selectionOf(open.project, open.options),
        );
        scope.console.print(transformText(summary));
        if (!succeeded(summary)) process.exitCode = 1;
        scope.console.print(`\n${statusText(await statusOf(scope))}\n\n${NEXT_STEPS}`);
      });
    });
}
