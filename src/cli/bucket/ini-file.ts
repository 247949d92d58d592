import { isSyncError } from "../../errors.ts";
import { readSecretFile } from "../options/secret-file.ts";

/**
 * What a section of a file of settings says, as programs of Amazon and Google write them; nothing
 * where there is no such file.
 *
 * @throws USAGE for a file that others can read, IO
 */
export function readSection(path: string, section: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let isWanted = false;
  for (const line of textOf(path).split("\n")) {
    const [, title] = /^\s*\[\s*(.*?)\s*\]/.exec(line) ?? [];
    if (title !== undefined) isWanted = title === section;
    const [, name, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (isWanted && name !== undefined) found.set(name, value!);
  }
  return found;
}

function textOf(path: string): string {
  try {
    return readSecretFile(path);
  } catch (thrown) {
    if (isSyncError(thrown, "NOT_FOUND")) return "";
    throw thrown;
  }
}
