import { escapeIdentifier } from 'pg';

/** A table or view in the database, by its names as they are, not yet quoted. */
export interface Relation {
  /** Told to templates and tools; SQL names a relation by its schema. */
  readonly database?: string;
  readonly schema: string;
  readonly identifier: string;
}

/** The relation as SQL names it: `"schema"."name"`. */
export function renderRelation(relation: Relation): string {
  return `${escapeIdentifier(relation.schema)}.${escapeIdentifier(relation.identifier)}`;
}
