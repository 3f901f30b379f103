import { BeltError } from '../../errors.js';
import type { ModelNode } from '../../project/nodes.js';
import { type Relation, renderRelation } from '../../project/relation.js';
import type { HourRange } from '../../raw/missing-raw.js';
import { eventTimeOf } from '../batches/time-window.js';
import { columnsOf } from '../catalog/relations.js';
import { namesConfig } from '../relations/model-config.js';
import type { ModelContext } from './model-context.js';

/** Hours of which raw can't tell all; undefined hours: any. */
export interface Untold {
  readonly hours: readonly HourRange[] | undefined;
}

/** SQL that is true for rows, of `table`, of hours of which raw can't tell all. */
export function isUntold(node: ModelNode, { hours }: Untold, table: string, quote: Quote): string {
  if (hours === undefined) return 'true';
  const ranges = hours.map(([from, to]) => `[${from},${to})`).join(',');
  const time = `${table}.${quote(eventTimeOf(node) as string)}`;
  return `('{${ranges}}'::int4multirange @> floor(extract(epoch from ${time}) / 3600)::integer)`;
}

type Quote = (name: string) => string;

/**
 * Brings over into the relation that is built beside what raw can't tell any more: rows that it has
 * not, and values that are null in it. Gives the rows written.
 */
export async function keepUntold(
  { client, node }: ModelContext,
  beside: Relation,
  untold: Untold,
): Promise<number> {
  const quote = (name: string) => client.escapeIdentifier(name);
  const keys = namesConfig(node, 'unique_key');
  const old = await columnsOf(client, renderRelation(node.relation));
  const shared = (await columnsOf(client, renderRelation(beside))).filter(({ name }) =>
    old.some((column) => column.name === name),
  );
  const lacking = keys.filter((key) => !shared.some(({ name }) => name === key));
  if (lacking.length > 0) {
    throw new BeltError(
      `What raw can't tell of ${node.name} can't be kept: its rows have no ${lacking.join(', ')} yet, which unique_key names.`,
      {
        location: { file: node.path },
        hint: 'Bring its raw back from an archive, or take the change back.',
      },
    );
  }
  const list = shared.map(({ name }) => quote(name)).join(', ');
  const values = shared.map(({ name, type }) => `untold.${quote(name)}::${type}`).join(', ');
  const others = shared.filter(({ name }) => !keys.includes(name)).map(({ name }) => quote(name));
  const merged = others.map((name) => `coalesce(existing.${name}, excluded.${name})`);
  const { rowCount } = await client.query(
    `insert into ${renderRelation(beside)} as existing (${list})
      select ${values} from ${renderRelation(node.relation)} as untold
      where ${isUntold(node, untold, 'untold', quote)}
      on conflict (${keys.map(quote).join(', ')}) do ${
        others.length === 0
          ? 'nothing'
          : `update set ${others.map((name, at) => `${name} = ${merged[at]}`).join(', ')}
        where (${others.map((name) => `existing.${name}`).join(', ')})
          is distinct from (${merged.join(', ')})`
      }`,
  );
  return rowCount ?? 0;
}
