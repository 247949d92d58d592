import fs from "node:fs";
import type { PlannedEntry } from "./entry-planner.node.ts";
import type { MetadataSetters } from "../facts/metadata-setters.node.ts";
import { type LeafTools, putLeaf } from "./put-leaf.node.ts";

/** What a link needs from the target it belongs to. */
interface LinkTools extends LeafTools {
  readonly metadata: MetadataSetters;
}

/**
 * Makes a link, in one step in place of what was there. Its text is stored as it is and never
 * followed.
 */
export function makeLink(tools: LinkTools, { dir, name, number, entry, there }: PlannedEntry): void {
  const { held, metadata } = tools;
  putLeaf(
    tools,
    { entry: number, dir, name, kind: "symlink", size: 0, target: entry.target, there },
    true,
    (temp) => {
      fs.symlinkSync(Buffer.from(entry.target!), held.at(temp.dir, temp.name));
      const setter = metadata.in(dir);
      setter.setLinkFacts(held, temp, entry);
      setter.setLinkTime(held, temp, entry);
    },
  );
}
