import { Pause } from "../../../bytes/pause.node.ts";
import type { Subtree } from "../../entry/subtree-digests.ts";
import type { ReadSubtreesOptions, ReadTargetSubtrees } from "../../subtrees.ts";
import type { Layout } from "../../entry/entry.ts";
import { stagingName } from "../../entry/staging-name.ts";
import { type Keep, plainKeep } from "../../plan/keep.ts";
import type { PlanRule } from "../../plan/plan-rule.ts";
import type { Bytes } from "../../../types.ts";
import { closingInTheEnd } from "../../../bytes/closing.ts";
import { type ByteString, toByteString, type PlacePath } from "../calls/byte-string.node.ts";
import { contentAt } from "../calls/content-at.node.ts";
import { DigestFacts, isTellable } from "../facts/digest-facts.node.ts";
import { DirNode } from "../calls/dir-node.node.ts";
import { HeldDirs } from "../calls/held-dirs.node.ts";
import { RecordedWalk } from "../calls/recorded-walk.node.ts";
import { SubtreeReader, type SubtreeWalk } from "./subtree-reader.node.ts";

/**
 * Reads the directories below one.
 *
 * @returns each directory behind those that lie in it; undefined when it gave up
 */
export async function readSubtrees(
  held: HeldDirs,
  walk: SubtreeWalk,
  { goOn, signal }: ReadSubtreesOptions,
): Promise<readonly Subtree[] | undefined> {
  const reader = new SubtreeReader(held, walk);
  const pause = new Pause(signal);
  while (reader.step()) {
    if (!pause.due()) continue;
    if (!goOn(reader.entryCount)) return undefined;
    await pause.take();
  }
  return goOn(reader.entryCount) ? reader.finish() : undefined;
}

/** What comes before the paths of what is in the top directory. */
export function aboveIn(layout: Layout, topName: ByteString): SubtreeWalk["above"] {
  return { depth: 1, pathBytes: layout === "named" ? topName.length + 1 : 0 };
}

/** True of directories that could all be read, with what is in them: the top comes last then. */
export function isReadWhole(subtrees: readonly Subtree[]): boolean {
  return subtrees.at(-1)?.path === "";
}

/**
 * Returns what reads the directories at a destination; undefined where nothing is there, or that
 * cannot be known, and where content alone counts: nothing is equal then before it is read.
 *
 * @param onRead called with all that was found below the top entry, if it could be read and kept
 */
export function destinationSubtrees(
  place: PlacePath,
  layout: () => Layout,
  { compareDest = [], follow = true, keep = plainKeep, linkDest = [], rule }: DestinationOptions,
  onRead: (record: RecordedWalk) => void,
): ReadTargetSubtrees | undefined {
  const staysEqual = rule?.equality !== "content" && compareDest.length === 0 && linkDest.length === 0;
  return staysEqual && isTellable(keep) && contentAt(place) === "some"
    ? (topName, options) =>
        readDestination(place, { layout: layout(), topName, follow, keep, onRead }, options)
    : undefined;
}

interface DestinationOptions {
  /** Where equal files are left out or linked: no directory is right by itself then. */
  readonly compareDest?: readonly unknown[] | undefined;
  readonly linkDest?: readonly unknown[] | undefined;
  readonly follow?: boolean;
  readonly rule?: PlanRule | undefined;
  readonly keep?: Keep | undefined;
}

/** What is read of a destination. */
interface DestinationTop extends Required<Pick<DestinationOptions, "follow">> {
  readonly layout: Layout;
  readonly topName: Bytes;
  readonly keep: Keep;
  readonly onRead: (record: RecordedWalk) => void;
}

async function readDestination(
  place: PlacePath,
  { layout, topName, follow, keep, onRead }: DestinationTop,
  options: ReadSubtreesOptions,
): Promise<readonly Subtree[] | undefined> {
  const held = new HeldDirs(place, follow);
  return closingInTheEnd(
    async () => {
      const name = toByteString(topName);
      if (layout === "named" && held.look(held.root, name)?.kind !== "dir") return undefined;
      const top = layout === "named" ? new DirNode(held.root, name) : held.root;
      const skip = (_: DirNode, below: ByteString): boolean => below === stagingName;
      const record = new RecordedWalk(held.lookAtDir(top));
      const walk = { top, above: aboveIn(layout, name), skip, facts: new DigestFacts(keep), record };
      const subtrees = await readSubtrees(held, walk, options);
      if (subtrees && isReadWhole(subtrees) && record.isWhole) onRead(record);
      return subtrees;
    },
    async () => held.close(),
  );
}
