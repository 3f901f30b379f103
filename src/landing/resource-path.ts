import { hasReadings, type Resource } from '../raw/resource.js';
import { isUuid } from '../uuid.js';

/** What stands for the device in the paths of a resource. */
const DEVICE = '<deviceId>';

/** A response to land: where it stands below the source, and what it is. */
export interface ResourcePath {
  readonly resource: Resource;
  /** For example `telemetry/<deviceId>.json`; always with slashes. */
  readonly path: string;
  /** The device of the path, in small letters; undefined where it names none. */
  readonly deviceUuid: string | undefined;
}

/** Reads a path below a source; undefined for one that is of no resource. */
export type ReadResourcePath = (path: string) => ResourcePath | undefined;

export function resourcePathReader(resources: readonly Resource[]): ReadResourcePath {
  const patterns = resources.flatMap((resource) =>
    resource.paths.map((path) => ({ resource, pattern: patternOf(path) })),
  );
  return (path) => {
    for (const { resource, pattern } of patterns) {
      const match = pattern.exec(path);
      if (match === null) continue;
      const device = match.groups?.device;
      const deviceUuid = device !== undefined && isUuid(device) ? device.toLowerCase() : undefined;
      return { resource, path, deviceUuid };
    }
    return undefined;
  };
}

/** Whether a path has to name a device, and does not. */
export function lacksDevice({ resource, deviceUuid }: ResourcePath): boolean {
  return hasReadings(resource) && deviceUuid === undefined;
}

/** `<deviceId>` and `*` stand for a name each, all else for itself. */
function patternOf(path: string): RegExp {
  const parts = path
    .split(/(<deviceId>|\*)/)
    .map((part) =>
      part === DEVICE
        ? '(?<device>[^/]*)'
        : part === '*'
          ? '[^/]*'
          : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    );
  return new RegExp(`^${parts.join('')}$`);
}
