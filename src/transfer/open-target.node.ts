import { pathOf } from "../bytes/byte-text.node.ts";
import { openTreePreview } from "../tree/disk/preview.node.ts";
import type { TreeTargetOptions } from "../tree/disk/target-options.node.ts";
import { openTreeTarget } from "../tree/disk/target.node.ts";
import type { TreeTarget } from "../tree/target.ts";

/** How a tree is received in a place here. */
export interface OpenTargetOptions extends Omit<TreeTargetOptions, "follow" | "worldWritable"> {
  /** True to change nothing, and to tell by `onChange` what would change. */
  readonly dryRun?: boolean | undefined;
}

/** Opens a place to receive a tree in. */
export async function openTarget(place: string, options: OpenTargetOptions = {}): Promise<TreeTarget> {
  const { dryRun = false, ...others } = options;
  return dryRun ? openTreePreview(pathOf(place), others) : openTreeTarget(pathOf(place), others);
}
