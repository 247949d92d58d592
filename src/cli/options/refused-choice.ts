import { SyncError } from "../../errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import type { choiceOptions } from "./source-options.ts";

/** Options that choose from a tree as only directories can. */
const treeOptions = [
  "files-from",
  "relative",
  "dirs",
  "prune-empty-dirs",
  "remove-source-files",
] as const satisfies readonly (keyof typeof choiceOptions)[];

/** Refuses what a source that is no directory cannot do. @throws USAGE */
export function refuseChoice(options: OptionValues<OptionSpecs>, what: string): void {
  const name = treeOptions.find((one) => options[one] !== undefined);
  if (name !== undefined) throw new SyncError("USAGE", `--${name} is not for ${what}`);
}
