import { Pause } from "../../../bytes/pause.node.ts";
import { type Subtree, SubtreeDigests } from "../../entry/subtree-digests.ts";
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
import { isSyncError } from "../../../errors.ts";
import { isErrno } from "../calls/file-trouble.node.ts";
import { HeldDirs } from "../calls/held-dirs.node.ts";
import { RecordedWalk } from "../calls/recorded-walk.node.ts";
import { type Found, walk, type WalkOptions } from "../calls/walk.node.ts";

/** What is read of directories. */
interface SubtreeWalk extends Required<Pick<WalkOptions, "skip">> {
  readonly top: DirNode;
  readonly facts: DigestFacts;
  /** Keeps what is found. */
  readonly record: RecordedWalk;
}

/**
 * Reads the directories below `top`.
 *
 * @returns each directory behind those that lie in it; undefined when it gave up
 */
export async function readSubtrees(
  held: HeldDirs,
  { top, skip, facts, record }: SubtreeWalk,
  { goOn, signal }: ReadSubtreesOptions,
): Promise<readonly Subtree[] | undefined> {
  const digests = new SubtreeDigests();
  const pause = new Pause(signal);
  let entryCount = 0;
  const onTrouble = (_: unknown, depth: number): void => digests.spoil(depth);
  for (const found of walk(held, { from: top, skip, onTrouble })) {
    addTo(digests, held, found, facts);
    record.add(found);
    entryCount += 1;
    if (!pause.due()) continue;
    if (!goOn(entryCount)) return undefined;
    await pause.take();
  }
  return goOn(entryCount) ? digests.finish() : undefined;
}

/** True of directories that could all be read, with what is in them: the top comes last then. */
export function isReadWhole(subtrees: readonly Subtree[]): boolean {
  return subtrees.at(-1)?.path === "";
}

function addTo(
  digests: SubtreeDigests,
  held: HeldDirs,
  { dir, name, depth, stats }: Found,
  facts: DigestFacts,
): void {
  const more = facts.tell(stats, held, dir, name);
  if (more === undefined) return digests.addUntold(depth, name, stats.kind);
  if (stats.kind !== "symlink") return digests.add(depth, name, stats, "", more);
  try {
    const target = held.readLink(dir, name);
    digests.add(depth, name, stats, toByteString(target), more);
  } catch (thrown) {
    if (!isErrno(thrown) && !isSyncError(thrown, "UNSUPPORTED")) throw thrown;
    digests.spoil(depth);
  }
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
  { follow = true, rule, keep = plainKeep }: DestinationOptions,
  onRead: (record: RecordedWalk) => void,
): ReadTargetSubtrees | undefined {
  return rule?.equality !== "content" && isTellable(keep) && contentAt(place) === "some"
    ? (topName, options) =>
        readDestination(place, { layout: layout(), topName, follow, keep, onRead }, options)
    : undefined;
}

interface DestinationOptions {
  readonly follow?: boolean;
  readonly rule?: PlanRule | undefined;
  readonly keep?: Keep | undefined;
}

/** What is read of a destination. */
interface DestinationTop extends Required<Omit<DestinationOptions, "rule">> {
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
      const subtrees = await readSubtrees(held, { top, skip, facts: new DigestFacts(keep), record }, options);
      if (subtrees && isReadWhole(subtrees) && record.isWhole) onRead(record);
      return subtrees;
    },
    async () => held.close(),
  );
}
