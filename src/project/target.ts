/** Where models are built, as Jinja's `target` tells it. */
export interface Target {
  readonly name: string;
  readonly type: 'postgres';
  readonly schema: string;
  readonly database: string;
  readonly threads: number;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
}
