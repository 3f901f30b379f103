import { TemplateObject } from '../../jinja/python/values.js';
import { type Relation, renderRelation } from '../relation.js';

/** A relation as templates see it: printed as quoted SQL, with its parts as members. */
export class TemplateRelation extends TemplateObject {
  readonly relation: Relation;
  /** What it is, for messages: a source's or node's unique id, if it is one. */
  readonly uniqueId: string | undefined;
  private readonly database: string;

  constructor(relation: Relation, database: string, uniqueId?: string) {
    super();
    this.relation = relation;
    this.database = relation.database ?? database;
    this.uniqueId = uniqueId;
  }

  override member(name: string): unknown {
    switch (name) {
      case 'database':
        return this.database;
      case 'schema':
        return this.relation.schema;
      case 'name':
      case 'identifier':
      case 'table':
        return this.relation.identifier;
      case 'render':
        return () => this.toString();
      default:
        return undefined;
    }
  }

  override toString(): string {
    return renderRelation(this.relation);
  }
}
