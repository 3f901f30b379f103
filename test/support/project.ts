import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Workspace } from './workspace.js';

/** The folder of a workspace's project. */
export function projectFolder(workspace: Workspace): string {
  return join(workspace.dir, 'project');
}

/** Copies belt's own models into a workspace, to be changed there. Gives the project's folder. */
export function copyModels(workspace: Workspace): string {
  const folder = projectFolder(workspace);
  cpSync(resolve('models'), join(folder, 'models'), { recursive: true });
  return folder;
}

/** Writes a small project into a workspace. Gives its folder. */
export function writeProject(
  workspace: Workspace,
  files: Readonly<Record<string, string>>,
): string {
  for (const [path, content] of Object.entries(files)) workspace.write(`project/${path}`, content);
  return projectFolder(workspace);
}
