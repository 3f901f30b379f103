import { expect, it } from 'vitest';
import { BUNDLED_PROJECT } from '../../src/folders.js';
import { loadProject } from '../../src/project/load-project.js';

const project = loadProject({
  projectDir: BUNDLED_PROJECT,
  target: { name: 'dev', type: 'postgres', schema: 'public', database: 'db', threads: 1 },
  env: {},
});
const nodes = [...project.nodes.values()];

it.each(nodes.flatMap(({ resourceType, name }) => (resourceType === 'model' ? [name] : [])))(
  'the model %s has a unit test',
  (name) => {
    expect(
      nodes.some((node) => node.resourceType === 'unit_test' && node.modelId.endsWith(`.${name}`)),
    ).toBe(true);
  },
);

/** Models that are not read whole: all of raw, and all readings. */
const NOT_READ = ['stg_reading', 'battery_telemetry', 'battery_reading'];

it.each(
  nodes.flatMap(({ resourceType, name, uniqueId }) =>
    ['model', 'seed'].includes(resourceType) && !NOT_READ.includes(name) ? [[name, uniqueId]] : [],
  ),
)('%s has a data test', (_, uniqueId) => {
  expect(nodes.some((node) => node.resourceType === 'test' && node.attachedNode === uniqueId)).toBe(
    true,
  );
});
