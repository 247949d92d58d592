import { SyncError } from "../../../errors.ts";
import { findNameFault, isRootName } from "../../../tree/entry/entry-order.ts";
import type { Layout } from "../../../tree/entry/entry.ts";
import type { Subtree } from "../../../tree/entry/subtree-digests.ts";
import type { Bytes } from "../../../types.ts";
import { send } from "../../receiver-effect.ts";
import type { Steps } from "../level-host.ts";
import { decodeRoot, encodeSubtrees, SubtreeMacs } from "./subtree-codec.ts";

/** The receiver's half of the subtrees level: tells the sender which directories are here. */
export class IncomingSubtrees {
  readonly #macs: SubtreeMacs | undefined;
  readonly #layout: Layout;
  #phase: "none" | "reading" | "told" | "over" = "none";

  /** @param key that of the MACs; undefined when the session does without this level */
  constructor(key: Bytes | undefined, layout: Layout) {
    this.#macs = key && new SubtreeMacs(key);
    this.#layout = layout;
  }

  /** True when the sender may say of directories that they are the same. */
  get isTold(): boolean {
    return this.#phase === "told";
  }

  /** Entries come: what was not asked before is not asked any more. */
  listed(): void {
    if (!this.isTold) this.#phase = "over";
  }

  /** A COMPARE frame: what is here is read while the sender reads on. @throws UNSOLICITED, PATH */
  *begin(topName: Bytes): Steps {
    if (!this.#macs || this.#phase !== "none") throw new SyncError("UNSOLICITED", "COMPARE out of turn");
    const isLegal = this.#layout === "contents" ? isRootName(topName) : findNameFault(topName) === undefined;
    if (!isLegal) throw new SyncError("PATH", "the name of the top directory is not allowed");
    this.#phase = "reading";
    yield { do: "readSubtrees", topName };
  }

  /** The MACs that the sender hears of: that of the top alone where all is the same. */
  #told(subtrees: readonly Subtree[], root: string | undefined): readonly string[] {
    const top = subtrees.at(-1);
    if (top && root !== undefined && this.#macs!.of(top) === root) return [root];
    return subtrees.map((subtree) => this.#macs!.of(subtree));
  }

  /** A ROOT frame. @throws UNSOLICITED, BAD_MESSAGE */
  *answer(payload: Bytes): Steps {
    if (this.#phase !== "reading") throw new SyncError("UNSOLICITED", "ROOT out of turn");
    const { entryCount, mac: root } = decodeRoot(payload);
    const subtrees = (yield { do: "takeSubtrees", entryCount }) as readonly Subtree[] | undefined;
    this.#phase = "told";
    for (const told of encodeSubtrees(this.#told(subtrees ?? [], root))) yield send("SUBTREES", told, "none");
  }
}
