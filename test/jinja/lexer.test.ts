import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BeltError } from '../../src/errors.js';
import { BUILTINS } from '../../src/jinja/builtins.js';
import { createJinja } from '../../src/jinja/jinja.js';

function rendered(text: string): string {
  const names = { ...BUILTINS, x: 'X', l: [1, 2], d: { a: { b: 3 } } };
  return createJinja().compile('m.sql', text).render(names);
}

/** What is wrong with a template, as `line: message`. */
function faultOf(text: string): string {
  try {
    rendered(text);
  } catch (error) {
    if (error instanceof BeltError) return `${error.location.line}: ${error.message}`;
    throw error;
  }
  throw new Error(`nothing is wrong with ${text}`);
}

// what stands at the right was rendered by Jinja 3.1.6, set up as dbt sets it up
const same: readonly (readonly [string, string])[] = [
  // blanks: only `-` cuts them off
  ['a \n{% if x %} b\n{% endif %}\n c\n', 'a \n b\n\n c\n'],
  ['a \n{%- if x -%}\n b \n{%- endif -%}\n c', 'abc'],
  ['a \n{{- x -}}\n c', 'aXc'],
  ['a {#- b -#} c {# d #} e', 'ac  e'],
  ['a {%+ if x +%} b {% endif +%} c', 'a  b  c'],
  ['{{ x -}} \n {{- x }}', 'XX'],
  ['a {%- raw -%} {{ b }} {%- endraw -%} c', 'a{{ b }}c'],
  ['a {% raw %} {%- b -%} {% endraw %} c', 'a  {%- b -%}  c'],
  ['{%\n\tif x\n%}a{%endif%}', 'a'],
  // texts that look like tags
  ['{ {x} } %} }} #} {', '{ {x} } %} }} #} {'],
  ["{{ '}}' }}{{ \"%}\" }}{% set y = '{% endif %}' %}{{ y }}", '}}%}{% endif %}'],
  ['{# {{ \'#a %} " #}{# - --#} b', 'b'],
  ['{% raw %}{# {% if %} {{{% endraw %}', '{# {% if %} {{'],
  // braces within an expression
  ["{{ {'a': {'b': 1}}.a.b }}{{ {}}}{{{'a': {}}}}", "1{}{'a': {}}"],
  ["{% set y = {'a': {'b': [1, {}]}} %}{{ y['a']['b'][1]}}", '{}'],
  ["{{ {'a': ({}, [{}])}-}} .", "{'a': ({}, [{}])}."],
  // strings
  ['{{ \'it\\\'s\' }}{{ "a\\"b" }}{{ \'a"b\' }}{{ "it\'s" }}', 'it\'sa"ba"bit\'s'],
  ["{{ 'a\\\\' }}|{{ '\\\\d' }}|{{ '\\d\\.' }}", 'a\\|\\d|\\d\\.'],
  ["{{ 'a\\nb\\tc' }}{{ 'd\ne' }}{{ 'f\\\ng' }}", 'a\nb\tcd\nefg'],
  ["{{ '\\x41\\u00e9\\U0001F50B\\101' }}", 'Aé🔋A'],
  ["{{ 'a' \"b\"\n'c' }}", 'abc'],
  // numbers
  ['{{ 1_000 }} {{ 0x1F }} {{ 0o17 }} {{ 0b1_1 }} {{ 1.5 }} {{ 2.5e-1 }}', '1000 31 15 3 1.5 0.25'],
  ['{{ l.0 }}{{ l.1 }}{{ [[1, 2]].0.1 }}', '122'],
  ['{{ -1 }}{{-1}}{{ 3-1 }}{{ 2**3 }}{{ 7//2 }}{{ 7%2 }}{{1~2}}', '-11283112'],
  // names
  ['{% set größe_1 = 2 %}{{ größe_1 }}', '2'],
  ['{% if x: %}a{% else: %}b{% endif %}{% for i in l: %}{{ i }}{% endfor %}', 'a12'],
  ["{% set n = null %}{{ n is none }}{{ n is defined }}{{ n | default('d') }}", 'FalseFalsed'],
];

describe('tags, blanks and literals, as Jinja reads them', () => {
  it.each(same)('%j', (text, expected) => {
    expect(rendered(text)).toBe(expected);
  });

  it('leaves the ends of lines as they are', () => {
    expect(rendered('a\r\n{{ x }}\r\n\r\n')).toBe('a\r\nX\r\n\r\n');
  });
});

describe('what is no template', () => {
  it.each([
    ['a\n{{ x', '2: The file ends inside a tag.'],
    ['a\n{{\n\n x + \n', '2: The file ends inside a tag.'],
    ['a\n\n{% if x', '3: The file ends inside a tag.'],
    ['a\n{# b\n#', '2: A comment {# is not closed.'],
    ['a\n{% raw %}\n{% endraw', '2: {% raw %} is not closed.'],
    ["{{ x }}\n{{ 'a\n }}", '2: A string is not closed.'],
    ['\n{{ x ? 1 : 2 }}', '2: "?" cannot stand in a tag.'],
    ['\n{{ x %}', '2: Expected }}, but found the end of the tag, %}.'],
    ['\n{% if x }}', '2: Expected %}, but found the end of the tag, }}.'],
    ["\n{{ {'a': 1 }}", '2: Expected }}, but found "}".'],
    ['\n{{ x y }}', '2: Expected }}, but found "y".'],
    ['\n{% if x = 1 %}{% endif %}', '2: Expected %}, but found "=".'],
    ['\n{% fro i in l %}{% endfor %}', '2: Unknown block tag: fro (did you mean for?).'],
    [
      '{% for i in l %}\n{% if i %}\n{% endfor %}',
      '3: Unknown block tag: endfor. {% if %} of line 2 is not closed.',
    ],
    ["\n{{ '\\x4' }}", '2: \\x is no character; a backslash itself is written \\\\.'],
    [
      "\n{{ '\\U00110000' }}",
      '2: \\U00110000 is no character; a backslash itself is written \\\\.',
    ],
    [
      '\n{{ 9007199254740993 }}',
      '2: 9007199254740993 is more than belt counts exactly; write it in quotes.',
    ],
  ])('%j', (text, expected) => {
    expect(faultOf(text)).toBe(expected);
  });

  it.each([
    ['brackets', `{{ ${'('.repeat(50_000)} }}`],
    ['a long sum', `{{ ${Array(50_000).fill(1).join(' ~ ')} }}`],
    ['tags', '{% if x %}'.repeat(50_000)],
  ])('nested too deeply: %s', (_, text) => {
    expect(faultOf(text)).toMatch(/This is nested too deeply/);
  });
});

const text = fc.string({ unit: fc.constantFrom(...'a\'"\\{}%#- \n\t🔋é'), maxLength: 40 });
const plain = text.map((one) => one.replace(/\{(?=[{%#])/g, '{ ').replace(/\{$/, '{ '));
const quoted = text.map((one) => {
  const escaped = one.replace(/[\\']/g, '\\$&');
  return { written: `{{ '${escaped}' }}`, means: one };
});
const raw = text.map((one) => ({ written: `{% raw %}${one}{% endraw %}`, means: one }));
const comment = text.map((one) => ({ written: `{#${one.replaceAll('#}', '# }')} #}`, means: '' }));

describe('any text', () => {
  it('without tags comes back as it is', () => {
    fc.assert(
      fc.property(plain, (one) => {
        expect(rendered(one)).toBe(one);
      }),
    );
  });

  it('beside and within strings, raw blocks and comments comes back as it is', () => {
    const piece = fc.oneof(
      plain.map((one) => ({ written: one, means: one })),
      quoted,
      raw,
      comment.filter(({ written }) => !written.startsWith('{#-')),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        expect(rendered(pieces.map(({ written }) => written).join(''))).toBe(
          pieces.map(({ means }) => means).join(''),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('loses nothing but blanks beside a tag with -', () => {
    fc.assert(
      fc.property(plain, plain, fc.boolean(), fc.boolean(), (before, after, left, right) => {
        const tag = `{{${left ? '-' : ''} x ${right ? '-' : ''}}}`;
        expect(rendered(before + tag + after)).toBe(
          `${left ? before.trimEnd() : before}X${right ? after.trimStart() : after}`,
        );
      }),
    );
  });

  it('of tags, in any order, renders or is told with a line that it has', () => {
    const piece = fc.constantFrom(
      ...['{{', '}}', '{%', '%}', '{#', '#}', '-%}', '{%-', '{', '}', '(', ')', '[', ']', "'", '"'],
      ...['if', 'else', 'endif', 'for', 'in', 'endfor', 'set', 'x', 'l', 'raw', 'endraw', 'macro'],
      ...[
        '|',
        '.',
        ',',
        ':',
        '=',
        '==',
        '~',
        '*',
        '1',
        '0x',
        '1.5',
        ' ',
        ' ',
        '\n',
        '\\',
        'ä',
        '$',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const one = pieces.join('');
        try {
          rendered(one);
        } catch (error) {
          expect(error).toBeInstanceOf(BeltError);
          const { line } = (error as BeltError).location;
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(one.split('\n').length);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
