import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DBT_MACROS_FOLDER } from '../../folders.js';
import { createJinja, type Jinja } from '../../jinja/jinja.js';
import { withDispatch } from './dispatch.js';

const elsewhere = (tag: string) => `{% ${tag} %} blocks are not supported by belt here.`;

/** dbt's tags: a test is a macro of the name `test_…`; the others stand in files of their own. */
const TAGS = {
  macros: { test: 'test_', data_test: 'test_' },
  elsewhere: {
    docs: elsewhere('docs'),
    materialization: elsewhere('materialization'),
    snapshot: elsewhere('snapshot'),
  },
};

/** Functions that a macro of a project may stand in for; `builtins` has dbt's own. */
const REPLACEABLE = new Set(['ref', 'source', 'config']);

let library: { path: string; text: string }[] | undefined;

/** dbt's own macros, each file with the path by which faults name it. */
function dbtMacros() {
  library ??= readdirSync(DBT_MACROS_FOLDER).map((name) => ({
    path: `dbt/${name}`,
    text: readFileSync(join(DBT_MACROS_FOLDER, name), 'utf8'),
  }));
  return library;
}

/** Jinja as a project's templates have it: with dbt's macros, and adapter.dispatch(). */
export function projectJinja(projectName: string): Jinja {
  return createJinja({
    projectName,
    tags: TAGS,
    library: { name: 'dbt', files: dbtMacros() },
    replaceable: REPLACEABLE,
    extend: withDispatch,
  });
}
