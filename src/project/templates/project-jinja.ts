import { createJinja, type Jinja } from '../../jinja/jinja.js';
import { DBT_MACROS } from './dbt-macros.js';
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

/** Jinja as a project's templates have it: with dbt's macros, and adapter.dispatch(). */
export function projectJinja(projectName: string): Jinja {
  return createJinja({
    projectName,
    tags: TAGS,
    library: {
      name: 'dbt',
      text: DBT_MACROS,
      // a test is called by its bare name; helpers such as length() would hide what models name so
      isBare: (macro) => macro.startsWith('test_'),
    },
    extend: withDispatch,
  });
}
