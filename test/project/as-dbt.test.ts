import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultsOf, load, model, rendered, warningsOf } from './temp-project.js';

describe('as in dbt', () => {
  it('.dbtignore leaves files out, by the patterns of .gitignore', () => {
    const project = load({
      '.dbtignore': '# notes\nold/\n*.wip.sql\n!models/kept.wip.sql\n',
      'models/a.sql': 'select 1',
      'models/old/broken.sql': '{{',
      'models/b.wip.sql': '{{',
      'models/kept.wip.sql': 'select 2',
    });
    expect([...project.nodes.keys()]).toEqual(['model.belt.a', 'model.belt.kept.wip']);
  });

  it('.dbtignore says nothing of paths outside of the project', () => {
    const { projectDir } = load({ 'models/shared.sql': 'select 1' });
    const project = load({
      '.dbtignore': '*.sql\n',
      'dbt_project.yml': `name: belt\nmodel-paths: ['../${basename(projectDir)}/models']\n`,
    });
    expect([...project.nodes.keys()]).toEqual(['model.belt.shared']);
  });

  it('null and blanks in a seed are NULL, whatever their case', () => {
    const seed = load({ 'seeds/s.csv': 'a,b\nnull, NULL \n" ",nulls\n' }).nodes.get('seed.belt.s');
    expect(seed).toMatchObject({
      rows: [
        { a: null, b: null },
        { a: null, b: 'nulls' },
      ],
    });
  });

  it('a macro of the project stands in for ref(), which builtins still has', () => {
    const files = {
      'macros/ref.sql':
        "{% macro ref(name) %}{% do return(builtins.ref(name).schema ~ '.' ~ name) %}{% endmacro %}",
      'models/a.sql': 'select 1',
    };
    expect(rendered("select * from {{ ref('a') }}", files)).toBe('select * from main.a');
    const project = load({ ...files, 'models/m.sql': "{{ ref('a') }}" });
    expect(model(project, 'm').dependsOn).toEqual(['model.belt.a']);
  });

  it('generate_schema_name() is told what it names', () => {
    const project = load({
      'macros/names.sql':
        "{% macro generate_schema_name(custom, node) %}{{ node.resource_type }}_{{ node.fqn | join('_') }}_{{ node.original_file_path[:5] }}{% endmacro %}",
      'models/x/a.sql': 'select 1',
      'seeds/s.csv': 'a\n1\n',
    });
    expect(
      ['model.belt.a', 'seed.belt.s'].map((id) => project.nodes.get(id)?.relation.schema),
    ).toEqual(['model_belt_x_a_model', 'seed_belt_s_seeds']);
  });

  it('YAML of a model that is not there is a warning', () => {
    expect(
      warningsOf({ 'models/stg.sql': 'select 1', 'models/m.yml': 'models:\n  - name: stgg\n' }),
    ).toEqual([
      'models/m.yml:2: YAML describes stgg, but there is no such model or seed (did you mean stg?).',
    ]);
  });

  it('a name that PostgreSQL would cut off is a fault', () => {
    const long = 'x'.repeat(64);
    expect(faultsOf({ [`models/${long}.sql`]: 'select 1', 'models/y.sql': 'select 2' })).toEqual([
      `models/${long}.sql:1: ${long} would be built as ${long}, which is longer than 63 bytes: PostgreSQL would cut it off.`,
    ]);
  });

  it("dbt's macros are called with and without dbt., and dispatched; a project's own go first", () => {
    const files = {
      'macros/own.sql':
        '{% macro concat(fields) %}own{% endmacro %}{% macro postgres__hash(field) %}sha({{ field }}){% endmacro %}',
    };
    expect(rendered("{{ dateadd('quarter', 1, 'd') }}")).toBe("d + (interval '3 month' * (1))");
    expect(rendered("{{ api.Column.translate_type('string') }}")).toBe('TEXT');
    expect(rendered("{{ concat(['a']) }} {{ dbt.concat(['a', 'b']) }}", files)).toBe('own a || b');
    expect(
      rendered(
        "{{ adapter.dispatch('hash', 'dbt')('x') }} {{ adapter.dispatch('length')('x') }}",
        files,
      ),
    ).toBe('sha(x) length(x)');
  });
});
