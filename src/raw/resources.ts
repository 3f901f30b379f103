import type { Resource } from './resource.js';

/**
 * The resources that belt lands, in the order in which it does. Another one takes an entry here, its
 * table, and a staging model over `source('raw', '<table>')`. A migration of `sql/` makes the table:
 * `create table raw.<table> (like raw.telemetry_response including all)` and
 * `select raw.by_landing_time('raw.<table>')` where documents hold readings, else the first, like
 * raw.asset_response; and, as in `sql/0012_landed_rows.sql`, the view
 * `raw.landed_<table>` of its rows that count, which is what models read.
 */
export const RESOURCES: readonly Resource[] = [
  {
    name: 'assets',
    paths: ['assets/*.json'],
    table: 'asset_response',
    shape: { kind: 'list of records', list: 'items', name: 'deviceId' },
  },
  {
    name: 'telemetry',
    paths: ['telemetry/<deviceId>.json', 'telemetry/<deviceId>/*.json'],
    table: 'telemetry_response',
    shape: { kind: 'series of points', list: 'series', name: 'name', points: 'data' },
  },
];
