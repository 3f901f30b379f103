import { describe, expect, it } from 'vitest';
import { BeltError } from '../../src/errors.js';
import { ProjectFaults } from '../../src/project/faults.js';
import { faultsOf, load, model, rendered } from './temp-project.js';

describe('macros', () => {
  it('of macro files are known to every model, and to each other', () => {
    const files = {
      'macros/a.sql':
        "{% macro cents(column) %}{{ half(column) }}{{ scale }}{% endmacro %}{% set scale = '100' %}",
      'models/macros/b.sql': '{% macro half(x) %}{{ x }}/2*{% endmacro %}',
    };
    expect(rendered("select {{ cents('a') }}, {{ belt.half('b') }}", files)).toBe(
      'select a/2*100, b/2*',
    );
  });

  it('are told as what a model calls, also by the name of the project', () => {
    const project = load({
      'macros/a.sql': '{% macro a() %}1{% endmacro %}{% macro b() %}{{ belt.a() }}{% endmacro %}',
      'models/m.sql': 'select {{ belt.b() }}',
    });
    expect(model(project, 'm').macros).toEqual(['b', 'a']);
  });

  it('are told by their own text, from the first tag to the last', () => {
    const [a, b, test] = [
      '{% macro a() %}1{% endmacro %}',
      '{%- macro b(x) -%}\n{# endmacro #}\n{{ x }}{%- endmacro b -%}',
      '{% test positive(model) %}select{% endtest %}',
    ];
    const project = load({ 'macros/a.sql': `${a}${b}\n`, 'tests/generic/t.sql': `\n${test} ` });
    expect(project.macros.map(({ name, text }) => [name, text])).toEqual([
      ['a', a],
      ['b', b],
      ['test_positive', test],
    ]);
  });

  it('see the model that calls them', () => {
    const files = {
      'macros/a.sql': '{% macro me() %}{{ this.name }} {{ ref("other") }}{% endmacro %}',
      'models/other.sql': 'select 1',
    };
    const project = load({ 'models/m.sql': '{{ me() }}', ...files });
    expect(model(project, 'm').dependsOn).toEqual(['model.belt.other']);
    expect(rendered('{{ me() }}', files)).toBe('m "main"."other"');
  });

  it('of a model are known to that model only', () => {
    const text = '{% macro own() %}x{% endmacro %}{{ own() }}';
    expect(rendered(text)).toBe('x');
    expect(faultsOf({ 'models/a.sql': text, 'models/b.sql': '\n{{ own() }}' })).toEqual([
      'models/b.sql:2: own is not defined.',
    ]);
  });

  it('name their own file and line when they fail, and who called them', () => {
    const files = {
      'macros/deep/a.sql': '{% macro inner() %}\n\n{{ nothing_here }}{% endmacro %}',
      'macros/b.sql': '\n{% macro outer() %}{{ inner() }}{% endmacro %}',
      'models/m.sql': 'select 1\n\n, {{ outer() }}',
    };
    expect(faultsOf(files)).toEqual(['macros/deep/a.sql:3: nothing_here is not defined.']);
    try {
      load(files);
    } catch (error) {
      const fault = (error as ProjectFaults).faults[0];
      expect(error).toBeInstanceOf(ProjectFaults);
      expect(fault).toBeInstanceOf(BeltError);
      expect(fault?.hint).toMatch(/Called from macros\/b\.sql:2\. Called from models\/m\.sql:3\.$/);
    }
  });

  it('stop at the line of a seed that is wrong, which is told once', () => {
    const files = {
      'seeds/rule.csv': 'name,note\n\na,"two\nlines"\nb,\n',
      'macros/rules.sql': `{% macro rules() %}
        {%- for rule in seed_rows('rule') -%}
          {%- if not rule.note -%}{{ seed_error('rule', loop.index0, rule.name ~ ' has no note.') }}{%- endif -%}
        {%- endfor -%}{% endmacro %}`,
      'models/m.sql': 'select 1 {{ rules() }}',
      'models/n.sql': 'select 2 {{ rules() }}',
    };
    expect(faultsOf(files)).toEqual(['seeds/rule.csv:5: b has no note.']);
  });

  it('keep the line numbers of the model that uses them', () => {
    const files = { 'macros/a.sql': '{% macro a() %}\n\n\n\n{% endmacro %}' };
    expect(faultsOf({ 'models/m.sql': '{{ a() }}\n{{ oops }}', ...files })).toEqual([
      'models/m.sql:2: oops is not defined.',
    ]);
  });

  it('with a fault of syntax, or of one name, are told with file and line', () => {
    const files = {
      'macros/a.sql': '{% macro a() %}{% endmacro %}',
      'macros/b.sql': '\n{% macro a() %}{% endmacro %}',
      'macros/c.sql': '\n\n{% macro c( %}{% endmacro %}',
    };
    expect(faultsOf(files)).toEqual([
      'macros/b.sql:2: There are two macros of the name a: in macros/a.sql and macros/b.sql.',
      expect.stringMatching(/^macros\/c\.sql:3: Expected a value/),
    ]);
  });

  it('generate_schema_name and generate_alias_name of the project decide on names', () => {
    const project = load({
      'macros/names.sql':
        '{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name or target.schema }}{% endmacro %}' +
        '{% macro generate_alias_name(custom_alias_name=none, node=none) %}v_{{ node.name }}{% endmacro %}',
      'models/m.sql': "{{ config(schema='mart') }} select 1",
    });
    expect(model(project, 'm').relation).toEqual({ schema: 'mart', identifier: 'v_m' });
  });
});
