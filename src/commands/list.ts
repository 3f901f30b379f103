import { type Command, Option } from 'commander';
import { manifestOf } from '../artifacts/manifest.js';
import type { ProjectNode } from '../project/nodes.js';
import { openProject, selectionOf } from './open-project.js';
import { writeErr, writeOut } from './output.js';
import { addSelectionOptions, type SelectionFlags } from './project-options.js';

interface ListFlags extends SelectionFlags {
  readonly output: 'selector' | 'name' | 'path' | 'json';
  readonly outputKeys?: string[];
  readonly resourceType?: string[];
}

export function addListCommand(program: Command): void {
  addSelectionOptions(
    program.command('list').alias('ls').description('the nodes of the project that are selected'),
  )
    .addOption(
      new Option('--output <format>', 'how to print them')
        .choices(['selector', 'name', 'path', 'json'])
        .default('selector'),
    )
    .option('--output-keys <key...>', 'of json: only these of the manifest')
    .option(
      '--resource-type <type...>',
      'only these: model, seed, snapshot, source, test, unit_test',
    )
    .action((_options, self: Command) => {
      const { project, options } = openProject(self.optsWithGlobals<ListFlags>());
      const { selected, unmatched } = selectionOf(project, options);
      const types = options.resourceType?.flatMap((type) => type.split(/[\s,]+/));
      const nodes = [...project.nodes.values()].filter(
        (node) =>
          selected.has(node.uniqueId) &&
          (types === undefined || types.includes('all') || types.includes(node.resourceType)),
      );
      const lines =
        options.output === 'json'
          ? jsonLines(options, project, nodes)
          : nodes.map((node) => lineOf(node, options.output));
      for (const line of [...lines].sort()) writeOut(`${line}\n`);
      for (const selector of unmatched) {
        writeErr(`The selector ${selector} matches no node.\n`);
      }
    });
}

function lineOf(node: ProjectNode, output: ListFlags['output']): string {
  switch (output) {
    case 'name':
      return node.name;
    case 'path':
      return node.path;
    default:
      return node.resourceType === 'source'
        ? `source:${node.fqn[0]}.${node.sourceName}.${node.name}`
        : `${node.resourceType === 'unit_test' ? 'unit_test:' : ''}${node.fqn.join('.')}`;
  }
}

const KEYS = [
  'alias',
  'name',
  'package_name',
  'depends_on',
  'tags',
  'config',
  'resource_type',
  'source_name',
  'original_file_path',
  'unique_id',
];

function jsonLines(
  { outputKeys }: ListFlags,
  project: Parameters<typeof manifestOf>[0],
  nodes: readonly ProjectNode[],
): string[] {
  const manifest = manifestOf(project, '', new Map()) as Record<
    'nodes' | 'sources' | 'unit_tests',
    Record<string, Record<string, unknown>>
  >;
  const entries = { ...manifest.nodes, ...manifest.sources, ...manifest.unit_tests };
  const keys = outputKeys?.flatMap((key) => key.split(/[\s,]+/)) ?? KEYS;
  return nodes.map((node) => {
    const entry = entries[node.uniqueId] ?? {};
    return JSON.stringify(
      Object.fromEntries(keys.flatMap((key) => (key in entry ? [[key, entry[key]]] : []))),
    );
  });
}
