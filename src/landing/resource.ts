/** The resources of the vendor's API that belt lands. */
export type Resource = 'assets' | 'telemetry';

/** A response to land: where it stands below the source, and what it is. */
export interface ResourcePath {
  readonly resource: Resource;
  /** For example `telemetry/<deviceId>.json`; always with slashes. */
  readonly path: string;
  /** The device of a telemetry path; undefined where the path names none. */
  readonly deviceUuid: string | undefined;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Reads a path below a source: `assets/<page>.json`, `telemetry/<deviceId>.json`, or
 * `telemetry/<deviceId>/<any>.json` where a device has several responses. Undefined for any other.
 */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const [folder, ...rest] = path.split('/');
  if (!path.endsWith('.json') || rest.length === 0) return undefined;
  if (folder === 'assets' && rest.length === 1) {
    return { resource: 'assets', path, deviceUuid: undefined };
  }
  if (folder !== 'telemetry' || rest.length > 2) return undefined;
  const device = rest.length === 1 ? rest[0]?.slice(0, -'.json'.length) : rest[0];
  const deviceUuid = device !== undefined && UUID.test(device) ? device.toLowerCase() : undefined;
  return { resource: 'telemetry', path, deviceUuid };
}
