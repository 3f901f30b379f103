import { describe, expect, it } from 'vitest';
import { ancestorsOf, childrenByNode, descendantsOf } from '../../src/project/graph.js';
import { selectNodes } from '../../src/project/selecting/selection.js';
import { load } from './temp-project.js';

// raw.t -> stg_a -> mid -> top; raw.t -> stg_b -> top; s -> side
const project = load({
  'models/src.yml': 'sources:\n  - name: raw\n    tables: [{name: t, tags: [vendor]}, {name: u}]\n',
  'models/staging/stg_a.sql': "{{ config(tags=['nightly']) }}{{ source('raw', 't') }}",
  'models/staging/deep/stg_b.sql': "{{ source('raw', 't') }}",
  'models/marts/mid.sql':
    "{{ config(materialized='table', meta={'owner': {'team': 'x'}}, unique_key=['a', 'b']) }}{{ ref('stg_a') }}",
  'models/marts/top.sql':
    "{{ config(materialized='table', tags='nightly') }}{{ ref('mid') }}{{ ref('stg_b') }}",
  'models/marts/side.sql': "{{ ref('s') }}",
  'seeds/s.csv': 'x\n1\n',
});

function names(select: string[], exclude: string[] = []): string {
  const { selected } = selectNodes(project, select, exclude);
  return [...selected]
    .map((id) => id.split('.').at(-1))
    .sort()
    .join(' ');
}

describe('node selection', () => {
  it.each([
    [[], 'mid s side stg_a stg_b t top u'],
    [['mid'], 'mid'],
    [['stg_*'], 'stg_a stg_b'],
    [['stg_?'], 'stg_a stg_b'],
    [['mid', 'top'], 'mid top'],
    [['mid top'], 'mid top'],
    [['path:models/staging'], 'stg_a stg_b'],
    [['models/staging'], 'stg_a stg_b'],
    [['models/staging/'], 'stg_a stg_b'],
    [['./models/staging/deep/stg_b.sql'], 'stg_b'],
    [['path:models/*/deep'], 'stg_b'],
    [['file:stg_b.sql'], 'stg_b'],
    [['file:stg_b'], 'stg_b'],
    [['stg_b.sql'], 'stg_b'],
    [['fqn:belt.staging.deep'], 'stg_b'],
    [['staging.deep'], 'stg_b'],
    [['staging'], 'stg_a stg_b'],
    [['belt'], 'mid s side stg_a stg_b top'],
    [['tag:nightly'], 'stg_a top'],
    [['tag:vendor'], 't'],
    [['config.materialized:table'], 'mid top'],
    [['config.meta.owner.team:x'], 'mid'],
    [['config.unique_key:b'], 'mid'],
    [['config.nothing:undefined'], ''],
    [['source:raw'], 't u'],
    [['source:raw.t'], 't'],
    [['source:belt.raw.t'], 't'],
    [['source:*'], 't u'],
    [['resource_type:seed'], 's'],
    [['resource_type:model'], 'mid side stg_a stg_b top'],
    [['tag:nightly,config.materialized:table'], 'top'],
    [['tag:nightly,stg_*'], 'stg_a'],
    [['+mid'], 'mid stg_a t'],
    [['1+mid'], 'mid stg_a'],
    [['0+mid'], 'mid'],
    [['2+top'], 'mid stg_a stg_b t top'],
    [['mid+'], 'mid top'],
    [['source:raw.t+1'], 'stg_a stg_b t'],
    [['source:raw.t+'], 'mid stg_a stg_b t top'],
    [['1+mid+1'], 'mid stg_a top'],
    [['@stg_a'], 'mid stg_a stg_b t top'],
    [['+top,+mid'], 'mid stg_a t'],
    [['s+'], 's side'],
  ])('%j selects %s', (select, expected) => {
    expect(names(select)).toBe(expected);
  });

  it('excludes', () => {
    expect(names(['+top'], ['stg_a+'])).toBe('stg_b t');
    expect(names([], ['source:*', 'tag:nightly'])).toBe('mid s side stg_b');
  });

  it('lets a term of an intersection ask for the tests that another one brings', () => {
    const tested = load({
      'models/m.sql': 'select 1 as id',
      'models/m.yml': `models:
  - name: m
    columns: [{name: id, tests: [unique]}]
unit_tests:
  - {name: one, model: m, given: [], expect: {rows: [{id: 1}]}}
`,
    });
    const of = (term: string) => [...selectNodes(tested, [term], []).selected];
    expect(of('m,test_type:unit')).toEqual(['unit_test.belt.m.one']);
    expect(of('test_type:data,m').map((id) => id.split('.')[2])).toEqual(['unique_m_id']);
  });

  it('tells criteria that nothing meets', () => {
    expect(selectNodes(project, ['mid', 'gone', 'mid,stg_a'], ['tag:none']).unmatched).toEqual([
      'gone',
      'mid,stg_a',
      'tag:none',
    ]);
    expect(selectNodes(project, ['mid+'], []).unmatched).toEqual([]);
  });

  it.each([
    ['state:modified', 'state:modified compares with an earlier run, but none is given.'],
    ['owner:me', 'Selecting by owner: is not supported.'],
    ['+', 'The selector "+" names nothing.'],
    ['@mid+', 'The selector "@mid+" has both @ and +.'],
    ['mid,', 'The selector "" names nothing.'],
  ])('refuses %s', (criterion, message) => {
    expect(() => selectNodes(project, [criterion], [])).toThrow(message);
  });
});

describe('the graph', () => {
  it('gives ancestors and descendants, to a depth', () => {
    const { nodes } = project;
    const short = (ids: Set<string>) => [...ids].map((id) => id.split('.').at(-1));
    expect(short(ancestorsOf(nodes, 'model.belt.top', 1))).toEqual(['mid', 'stg_b']);
    expect(short(ancestorsOf(nodes, 'model.belt.top'))).toEqual(['mid', 'stg_b', 'stg_a', 't']);
    const children = childrenByNode(nodes);
    expect(short(descendantsOf(children, 'source.belt.raw.t', 1)).sort()).toEqual([
      'stg_a',
      'stg_b',
    ]);
    expect(short(descendantsOf(children, 'model.belt.mid'))).toEqual(['top']);
  });
});
