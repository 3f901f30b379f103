import { isMap, type YamlMap } from '../reading/yaml-file.js';

/*
 * Values of an artifact, which a tool wrote and no person: what is not there, since another
 * version or tool leaves it out, counts as empty.
 */

export function mapOf(value: unknown): YamlMap {
  return isMap(value) ? value : {};
}

export function mapsOf(value: unknown): YamlMap[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
