import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import { writeFully } from "../calls/file-cut.node.ts";
import type { MetadataSetters } from "../facts/metadata-setters.node.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import { newFlags } from "./put-file.node.ts";
import { type LeafTools, putLeaf } from "./put-leaf.node.ts";

interface FakeTools extends LeafTools {
  readonly metadata: MetadataSetters;
}

/**
 * Makes a plain file that stands for a link, which it has the text of, or for a device, FIFO or
 * socket, in one step in place of what was there.
 */
export function makeFake(tools: FakeTools, { dir, name, number, entry, there }: PlannedEntry): void {
  const { held, metadata } = tools;
  const { kind, target } = entry;
  putLeaf(tools, { entry: number, dir, name, kind, size: 0, target, there }, true, (temp) => {
    const fd = held.open(temp.dir, temp.name, newFlags, 0o600);
    const write = (): void => {
      if (target) writeFully(fd, target, 0);
      metadata.in(dir).setFake(held, temp, fd, entry);
    };
    closingAfter(write, () => fs.closeSync(fd));
    metadata.in(dir).setNamed(held, temp, entry);
  });
}
