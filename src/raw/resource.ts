import type { DocumentShape } from './document-shape.js';

/** A resource of a vendor's API: how its responses are found, checked and kept. */
export interface Resource {
  /** What people call it. */
  readonly name: string;
  /**
   * The paths of its responses below a source, with slashes: `<deviceId>` stands for a device's
   * UUID, `*` for any name. The first folder is written out.
   */
  readonly paths: readonly string[];
  /** Its table in the schema raw, which a migration makes: see `columnsOf`. */
  readonly table: string;
  readonly shape: DocumentShape;
}

/** Whether its documents hold readings: then their path names the device, and they have a profile. */
export function hasReadings({ shape }: Resource): boolean {
  return shape.kind === 'series of points';
}
