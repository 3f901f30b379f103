import type { Resource } from './resource.js';

/** The resources that belt lands, in the order in which it does. All else about them follows from here. */
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
