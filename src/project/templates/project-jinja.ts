import { createJinja, type Jinja } from '../../jinja/jinja.js';
import { DBT_MACROS } from './dbt-macros.js';
import { withDispatch } from './dispatch.js';

/** Jinja as a project's templates have it: with dbt's macros, and adapter.dispatch(). */
export function projectJinja(projectName: string): Jinja {
  return createJinja({
    projectName,
    library: {
      name: 'dbt',
      text: DBT_MACROS,
      // a test is called by its bare name; helpers such as length() would hide what models name so
      isBare: (macro) => macro.startsWith('test_'),
    },
    extend: withDispatch,
  });
}
