import { BeltError } from '../../errors.js';
import type { Jinja } from '../../jinja/jinja.js';
import { stringOf } from '../../jinja/python/values.js';
import type { ProjectFile } from '../reading/files.js';
import { listOf } from '../reading/shapes.js';
import type { Relation } from '../relation.js';
import { type ProjectScope, projectContext } from '../templates/context.js';

/** A node's name, that of its file, and where it stands in the project's tree. */
export function nameOf(projectName: string, file: ProjectFile): { name: string; fqn: string[] } {
  const parts = file.pathBelowRoot.split('/');
  const name = (parts.pop() ?? '').replace(/\.(sql|csv)$/, '');
  return { name, fqn: [projectName, ...parts, name] };
}

/**
 * Where a node is built, by dbt's rules: a custom schema is put behind the target's, an alias in
 * place of the name; a project's own generate_schema_name and generate_alias_name are heard.
 */
export function relationOf(
  scope: ProjectScope,
  jinja: Jinja,
  name: string,
  config: Readonly<Record<string, unknown>>,
  path: string,
  { resourceType, fqn }: { readonly resourceType: string; readonly fqn: readonly string[] },
): Relation {
  const { target } = scope;
  const customSchema = textOrNull(config.schema);
  const alias = textOrNull(config.alias);
  const node = {
    name,
    resource_type: resourceType,
    unique_id: `${resourceType}.${scope.projectName}.${name}`,
    package_name: scope.projectName,
    fqn: [...fqn],
    path,
    original_file_path: path,
    config,
    tags: listOf(config.tags as string | string[] | undefined),
    meta: config.meta ?? {},
    ...(alias === null ? {} : { alias }),
  };
  const own = (macro: string, custom: string | null): string | undefined => {
    const call = jinja.macro(macro, projectContext(scope));
    if (call === undefined) return undefined;
    const given = stringOf(call([custom, node], {}, { file: path, line: 1 })).trim();
    if (given !== '') return given;
    throw new BeltError(`${macro}() gives no name for ${name}.`, {
      location: { file: path, line: 1 },
      hint: 'Let the macro print or return a name in every case.',
    });
  };
  const database = textOrNull(config.database);
  return {
    ...(database === null ? {} : { database }),
    schema:
      own('generate_schema_name', customSchema) ??
      (customSchema === null ? target.schema : `${target.schema}_${customSchema}`),
    identifier: own('generate_alias_name', alias) ?? alias ?? name,
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}
