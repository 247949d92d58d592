import type { SpecialKind } from "../../entry/entry.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import { deviceOf, typeOfKind } from "../calls/file-kind.node.ts";
import { makeNode } from "../calls/make-node.node.ts";
import type { MetadataSetters } from "../facts/metadata-setters.node.ts";
import { type LeafTools, putLeaf } from "./put-leaf.node.ts";

interface SpecialTools extends LeafTools {
  readonly metadata: MetadataSetters;
}

/** What the owner may do with one that is being made; nobody else may do anything. */
const firstBits = 0o600;

/**
 * Makes a device, FIFO or socket, in one step in place of what was there.
 *
 * @throws UNSUPPORTED where the system cannot be asked to
 */
export function makeSpecial(tools: SpecialTools, { dir, name, number, entry, there }: PlannedEntry): void {
  const { held, metadata } = tools;
  const kind = entry.kind as SpecialKind;
  const { major, minor } = entry.rdev ?? { major: 0, minor: 0 };
  putLeaf(tools, { entry: number, dir, name, kind, size: 0, there }, true, (temp) => {
    const make = (): void =>
      makeNode(held.at(temp.dir, temp.name), typeOfKind(kind) | firstBits, deviceOf(major, minor));
    held.writeIn(temp.dir, make);
    metadata.in(dir).setAt(held.nameAt(temp.dir, temp.name), held.look(temp.dir, temp.name)!, entry);
  });
}
