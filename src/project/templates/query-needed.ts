import { Signal } from '../../jinja/faults.js';

/** What is asked of the database while a template renders: it is rendered again with the answer. */
export class QueryNeeded extends Signal {
  readonly sql: string;

  constructor(sql: string) {
    super();
    this.sql = sql;
  }
}
