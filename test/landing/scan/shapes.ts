import type { DocumentShape } from '../../../src/raw/document-shape.js';

export const SHAPES = {
  telemetry: { kind: 'series of points', list: 'series', name: 'name', points: 'data' },
  assets: { kind: 'list of records', list: 'items', name: 'deviceId' },
  other: { kind: 'any JSON' },
} as const satisfies Record<string, DocumentShape>;

export type ShapeName = keyof typeof SHAPES;
