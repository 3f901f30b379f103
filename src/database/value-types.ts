import pg from 'pg';

const { builtins } = pg.types;

/** Types whose values are numbers as PostgreSQL prints them, but for NaN and the infinities. */
export const NUMBER_TYPES: ReadonlySet<number> = new Set([
  builtins.INT2,
  builtins.INT4,
  builtins.INT8,
  builtins.OID,
  builtins.FLOAT4,
  builtins.FLOAT8,
  builtins.NUMERIC,
]);

export const BOOLEAN_TYPE: number = builtins.BOOL;

export const JSON_TYPES: ReadonlySet<number> = new Set([builtins.JSON, builtins.JSONB]);
