import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Where a program lies; undefined when it is not installed.
 *
 * @param more folders to look in beside those of PATH
 */
export function findProgram(name: string, more: readonly string[] = []): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...more];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
