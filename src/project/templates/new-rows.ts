import { type Relation, renderRelation } from '../relation.js';

/** What new_rows() stands for where nobody says which rows are new: all of them. */
export function newRowsByDefault(relation: Relation): string {
  return `(select * from ${renderRelation(relation)})`;
}
