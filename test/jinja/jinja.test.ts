import { describe, expect, it } from 'vitest';
import { faultsOf, rendered } from '../project/temp-project.js';

const same: readonly (readonly [string, string])[] = [
  // Python's values
  [
    '{{ True }} {{ false }} {{ 1 + 2 * 3 - 4 - 1 }} {{ 7 // 2 }} {{ 2 ** 3 }} {{ -7 % 3 }}',
    'True False 2 3 8 2',
  ],
  ["{{ 'a' ~ 1 ~ none }}", 'a1None'],
  [
    "{{ [1] + [2] }} {{ ('a', 'b') }} {{ ('a',) }} {{ {'k': 'v'} }}",
    "[1, 2] ('a', 'b') ('a',) {'k': 'v'}",
  ],
  ["{{ '%s of %d' % ('a', 3) }}", 'a of 3'],
  ["{{ '\\d+' }}{{ 'it\\'s' }}", "\\d+it's"],
  ["{{ 'a' 'b' }}", 'ab'],
  ['{{ 10 * 3 % 4 }}', '2'],
  // floats: what has no fraction is told by .0
  [
    '{{ 10 / 2 }} {{ 7 / 2 }} {{ 1.0 }} {{ 1e3 }} {{ 5 // 2 }} {{ 5.0 // 2 }}',
    '5.0 3.5 1.0 1000.0 2 2.0',
  ],
  [
    '{{ 4 / 2 + 1 }} {{ 2 * 1.5 }} {{ -(4 / 2) }} {{ 2 ** -1 }} {{ 2.0 ** 2 }} {{ 7 % 2.0 }}',
    '3.0 3.0 -2.0 0.5 4.0 1.0',
  ],
  [
    '{{ 1 / 100000 }} {{ 1 / 10000 }} {{ 1e16 }} {{ 123456789012345.0 }}',
    '1e-05 0.0001 1e+16 123456789012345.0',
  ],
  [
    "{{ '3' | float }} {{ 'x' | float }} {{ (10 / 2) | int }} {{ (10 / 2) | string }}|{{ -5.0 | abs }}",
    '3.0 0.0 5 5.0|5.0',
  ],
  [
    '{{ 2.5 | round }} {{ 3.5 | round }} {{ 5 | round }} {{ 5 | round(0, "ceil") }} {{ 8.35 | round(1) }} {{ 0.125 | round(2) }}',
    '2.0 4.0 5 5.0 8.3 0.12',
  ],
  [
    '{{ 10 / 2 == 5 }} {{ (10 / 2) is float }} {{ 5 is float }} {{ 5.0 is integer }} {{ 5.0 in [5] }} {{ 0.0 or 1 }}',
    'True True False False True 1',
  ],
  [
    "{{ [1.0, 2] | sum }} {{ [4 / 2, 0.5] | tojson }} {{ '%d %s' % (5.0, 5.0) }} {{ [1, 2.0] | max }}",
    '3.0 [2.0, 0.5] 5 5.0 2.0',
  ],
  // conditions
  ["{% if [] or {} or '' or 0 %}yes{% else %}no{% endif %}", 'no'],
  ['{% if none is none and 1 is not none %}x{% endif %}', 'x'],
  ['{{ 1 if false else 2 if false else 3 }}', '3'],
  ["{{ 'x' if false }}|", '|'],
  ['{% if 1 < 2 < 3 and not 3 in [1, 2] and 3 not in [1] %}x{% endif %}', 'x'],
  ["{{ [1, 2] == [1, 2] }} {{ '1' == 1 }}", 'True False'],
  ['{% if nothing is defined %}a{% elif nothing is undefined %}b{% endif %}', 'b'],
  ["{{ nothing | default('d') }} {{ '' | default('e', true) }}", 'd e'],
  ['{{ 4 is divisibleby 2 }} {{ 4 is even }}', 'True True'],
  // loops
  [
    "{% for a, b in [('x', 1), ('y', 2)] %}{{ a }}{{ b }}{{ ',' if not loop.last }}{% endfor %}",
    'x1,y2',
  ],
  [
    '{% for x in [1, 2, 3] if x > 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% endfor %}',
    '1/2:2 2/2:3',
  ],
  ['{% for x in [] %}{% else %}none{% endfor %}', 'none'],
  ["{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}{% endfor %}", 'a1b2'],
  ['{% set n = 0 %}{% for x in [1, 2] %}{% set n = n + x %}{% endfor %}{{ n }}', '0'],
  [
    '{% set ns = namespace(n=0) %}{% for x in [1, 2] %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}',
    '3',
  ],
  ["{% for x in range(3) %}{{ loop.cycle('a', 'b') }}{% endfor %}", 'aba'],
  [
    '{% for x in range(5) %}a{% if x == 1 %}{% continue %}{% endif %}{% if x == 3 %}!{% break %}{% endif %}{{ x }}{% endfor %}.',
    'a0aa2a!.',
  ],
  [
    '{% for x in [1, 2] %}{% for y in [1, 2] %}{{ y }}{% break %}{% endfor %}{{ x }}{% endfor %}',
    '1112',
  ],
  [
    '{% for x in [1, 2] %}{% set t %}lost{% if x == 1 %}{% continue %}{% endif %}{% endset %}{{ t }}{{ x }}{% else %}no{% endfor %}',
    'lost2',
  ],
  [
    '{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}{% with %}{% set a = 3 %}{% endwith %}{{ a }}',
    '2111',
  ],
  // set, do, capture, whitespace, comments, raw
  ['{% set a, b = 1, 2 %}{{ b }}{{ a }}', '21'],
  ["{% set l = [] %}{% do l.append('x') %}{% do l.extend(['y']) %}{{ l | join('-') }}", 'x-y'],
  ["{% set d = {} %}{% do d.update({'a': 1}) %}{{ d.a }}{{ d.get('b', 2) }}{{ d['a'] }}", '121'],
  ['{% set t %}in{{ 1 }}{% endset %}{{ t }}', 'in1'],
  ['a  {%- if true -%}  b  {%- endif -%}  c', 'abc'],
  ["a {# a comment with 'a quote, {{ braces }} and {% tags %} #}b", 'a b'],
  ['a {#- b -#} c', 'ac'],
  ['{% raw %}{{ not_rendered }}{% endraw %}', '{{ not_rendered }}'],
  ["{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a': {'b': 1}} }}", "1{'a': {'b': 1}}"],
  ['{{ [1, 2, 3,][-1] }}{{ [1, 2, 3][1:] }}{{ [1,2,3][::-1] }}', '3[2, 3][3, 2, 1]'],
  // methods
  [
    "{{ 'Ab'.lower() }}{{ 'Ab'.upper() }}{{ ' x '.strip() }}{{ 'a.b'.replace('.', '$&') }}",
    'abABxa$&b',
  ],
  ["{{ 'a,b'.split(',')[1] }}{{ 'abc'.startswith('ab') }}{{ ', '.join(['a', 'b']) }}", 'bTruea, b'],
  ["{{ '{}-{x}'.format(1, x=2) }}", '1-2'],
  ["{{ {'b': 1, 'a': 2}.keys() | list | sort | join(',') }}", 'a,b'],
  // filters
  ["{{ ['a', 'b'] | map('upper') | join(', ') }}", 'A, B'],
  ["{{ [{'n': 'a'}, {'n': 'b'}] | map(attribute='n') | list }}", "['a', 'b']"],
  [
    "{{ [{'n': 'a', 'k': 1}, {'n': 'b', 'k': 0}] | selectattr('k') | map(attribute='n') | first }}",
    'a',
  ],
  ["{{ {'a': [1, none, true]} | tojson }}", '{"a": [1, null, true]}'],
  ["{{ ('x' | int(none)) is none }} {{ 'x' | int }} {{ '1.5' | float(none) }}", 'True 0 1.5'],
  ["{{ [3, 1, 2] | sort | last }}{{ 'abc' | length }}{{ '7' | int + 1 }}", '338'],
  ['{{ [1, 1, 2] | unique | list }} {{ [1, 2] | sum }} {{ 2.567 | round(1) }}', '[1, 2] 3 2.6'],
  ["{% filter upper %}a{{ 'b' }}{% endfilter %}", 'AB'],
  // macros
  ["{% macro m(a, b='y') %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }} {{ m(b=2, a=3) }}", '1y 32'],
  ['{% macro m() %}{{ varargs | join }}{{ kwargs.z }}{% endmacro %}{{ m(1, 2, z=3) }}', '123'],
  ['{% macro m(l) %}{% do return(l + [9]) %}{% endmacro %}{{ m([1])[1] + 1 }}', '10'],
  ['{% macro m(a) %}{% if a %}x{% else %}y{% endif %}{% endmacro %}{{ m() }}', 'y'],
  [
    '{% macro m() %}<{{ caller(1) }}>{% endmacro %}{% call(x) m() %}in{{ x }}{% endcall %}',
    '<in1>',
  ],
  ['{% macro m(a) %}{{ a }}{% endmacro m %}{{ m(*[1]) }}{{ m(**{"a": 2}) }}', '12'],
  [
    "{{ {'a': none}.a is none }}{{ [none][0] is none }}{{ [none] | first is none }}",
    'TrueTrueTrue',
  ],
  ['{% macro m(a=none) %}{{ a is none }}{% endmacro %}{{ m() }}', 'True'],
];

describe('Jinja, as Python and dbt render it', () => {
  it.each(same)('%s', (text, expected) => {
    expect(rendered(text)).toBe(expected);
  });
});

const wrong: readonly (readonly [string, string])[] = [
  ['select\n{{ colum }}', 'models/m.sql:2: colum is not defined'],
  [
    '{% set column = 1 %}\n{% if colum %}{% endif %}',
    'models/m.sql:2: colum is not defined (did you mean column?).',
  ],
  ['{% set d = {} %}\n\n{{ d.x }}', 'models/m.sql:3: d.x is not defined.'],
  ['{% set n = none %}\n{{ n.x }}', 'models/m.sql:2: None has no member x.'],
  [
    '\n{{ none }}',
    'models/m.sql:2: This has no value (it is None), and would be printed into the SQL.',
  ],
  [
    "{{ config(\n  materialized='view',\n  alias=unknown_thing\n) }}",
    'models/m.sql:3: unknown_thing is not defined.',
  ],
  ["a\n{{ 'x' | nosuch }}", 'models/m.sql:2: There is no filter nosuch.'],
  ["a\n{{ 'x' is nosuch }}", 'models/m.sql:2: There is no test nosuch to follow "is".'],
  ["a\n{{ 'x' + 1 }}", 'models/m.sql:2: A text and a number cannot be joined by +.'],
  ["a\n{{ 'x' < 1 }}", 'models/m.sql:2: A text and a number cannot be compared.'],
  ['a\n{{ 1 / 0 }}', 'models/m.sql:2: This divides by zero.'],
  [
    'a\n{% for x in 5 %}{% endfor %}',
    'models/m.sql:2: This is a number, not a list, and cannot be gone through.',
  ],
  ['{% set x = 1 %}\n{{ x() }}', 'models/m.sql:2: x is a number, and cannot be called.'],
  [
    '{% macro m(a) %}{{ a }}{% endmacro %}\n{{ m(1, 2) }}',
    'models/m.sql:2: m() takes 1 arguments, but has 2.',
  ],
  [
    '{% macro m(a) %}{{ a }}{% endmacro %}\n{{ m(b=2) }}',
    'models/m.sql:2: m() has no parameter b.',
  ],
  ['{% macro m(a) %}\n{{ a }}{% endmacro %}\n{{ m() }}', 'models/m.sql:2: a is not defined.'],
  [
    '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}',
    'models/m.sql:1: Macros call each other without end.',
  ],
  // syntax
  ['a\n{% if x %}\nb\n\n', 'models/m.sql:2: {% if %} is not closed.'],
  ['a\n{% for x in [1] %}\n{% if x %}{% endfor %}', 'models/m.sql:3: Unknown block tag: endfor.'],
  ["a\n\n{{ 'x\n\n", 'models/m.sql:3: A string is not closed.'],
  ['a\n{# x\n\n', 'models/m.sql:2: A comment {# is not closed.'],
  ['a\n{{ x +\n', 'models/m.sql:2: The file ends inside a tag.'],
  ['a\n{{ 1 + }}', 'models/m.sql:2: Expected a value, but found the end of the tag, }}.'],
  ['a\n{{ f(1 2) }}', 'models/m.sql:2: Expected a comma or the closing bracket, but found "2".'],
  ["a\n{% include 'x' %}", 'models/m.sql:2: {% include %} is not supported by belt.'],
  [
    'a\n{% snapshot x %}{% endsnapshot %}',
    'models/m.sql:2: {% snapshot %} blocks are not supported by belt here.',
  ],
  ['a\n{% break %}', 'models/m.sql:2: {% break %} stands outside of a loop.'],
  [
    '{% for x in [1] %}\n{% macro m() %}{% continue %}{% endmacro %}{% endfor %}',
    'models/m.sql:2: {% continue %} stands outside of a loop.',
  ],
  ['a\n{% with x %}{% endwith %}', 'models/m.sql:2: Expected'],
  ['a\n{% return %}', 'models/m.sql:2: Unknown block tag: return.'],
];

describe('faults of Jinja name the thing, the file and the line', () => {
  it.each(wrong)('%j', (text, expected) => {
    const [fault, ...others] = faultsOf({ 'models/m.sql': text });
    expect(fault).toContain(expected);
    expect(others).toEqual([]);
  });

  it('gives a template no way to the code of the process', () => {
    expect(faultsOf({ 'models/m.sql': "{{ ''.constructor }}" })).toHaveLength(1);
    expect(faultsOf({ 'models/m.sql': '{{ [].constructor.constructor }}' })).toHaveLength(1);
    expect(faultsOf({ 'models/m.sql': "{{ config['constructor'] }}" })).toHaveLength(1);
    expect(faultsOf({ 'models/m.sql': '{{ {}.__proto__ }}' })).toHaveLength(1);
  });
});
