import { SyncError } from "../../../errors.ts";
import type { Subtree } from "../../../tree/entry/subtree-digests.ts";
import type { Bytes } from "../../../types.ts";
import type { FrameType } from "../../frame-types.ts";
import { sessionLimits } from "../../limits.ts";
import { decodeSubtrees, encodeRoot, SubtreeMacs } from "./subtree-codec.ts";

/** What the level wants done next. */
export type SubtreesStep =
  | { readonly do: "readSubtrees" }
  | { readonly do: "send"; readonly type: FrameType; readonly payload: Bytes };

/**
 * The sender's half of the subtrees level: finds out, before anything is listed, which directories
 * the receiver has with all that lies in them. A small tree is listed without.
 */
export class OutgoingSubtrees {
  readonly #topName: Bytes | undefined;
  #phase: "unread" | "reading" | "read" | "asked" | "over";
  /** Entries that were read so far. */
  #entryCount = 0;
  /** True once the receiver was told to read what it has. */
  #isBegun = false;
  #macs: SubtreeMacs | undefined;
  #own: readonly Subtree[] = [];
  readonly #byMac = new Map<string, Subtree>();
  /** Those that the receiver has, by path. */
  readonly #same = new Map<string, Subtree>();

  /** @param topName the name of the top directory; undefined to do without this level */
  constructor(topName: Bytes | undefined) {
    this.#topName = topName;
    this.#phase = topName ? "unread" : "over";
  }

  /** True when entries may be listed. */
  get isOver(): boolean {
    return this.#phase === "over";
  }

  /** The next step, or undefined when only an input can change anything. */
  next(): SubtreesStep | undefined {
    if (this.#phase === "unread") {
      this.#phase = "reading";
      return { do: "readSubtrees" };
    }
    if (this.#phase === "over" || !this.#macs || !this.#isLarge) return undefined;
    if (!this.#isBegun) {
      this.#isBegun = true;
      return { do: "send", type: "COMPARE", payload: this.#topName! };
    }
    if (this.#phase !== "read") return undefined;
    this.#phase = "asked";
    return { do: "send", type: "ROOT", payload: this.#root(this.#macs) };
  }

  /** The receiver was heard. @param key that of the MACs; undefined when it knows no subtrees */
  heard(key: Bytes | undefined): void {
    if (key) this.#macs = new SubtreeMacs(key);
    else this.#phase = "over";
  }

  /** So many entries were read so far. Returns false when no more need to be. */
  seen(entryCount: number): boolean {
    this.#entryCount = entryCount;
    return this.#phase !== "over";
  }

  /** All was read, or the source gave up. */
  read(subtrees: readonly Subtree[] | undefined): void {
    if (this.#phase === "over") return;
    this.#phase = subtrees && this.#isLarge ? "read" : "over";
    this.#own = subtrees ?? [];
  }

  /** A SUBTREES frame. @throws BAD_MESSAGE, UNSOLICITED */
  answer(payload: Bytes): void {
    if (this.#phase !== "asked") throw new SyncError("UNSOLICITED", "SUBTREES that nobody asked for");
    const { macs, isLast } = decodeSubtrees(payload);
    for (const mac of macs) {
      const subtree = this.#byMac.get(mac);
      if (subtree) this.#same.set(subtree.path, subtree);
    }
    if (!isLast) return;
    this.#phase = "over";
    this.#byMac.clear();
  }

  /** The directory with this path if the receiver has all that is in it. */
  find(path: string): Subtree | undefined {
    return this.#same.get(path);
  }

  get #isLarge(): boolean {
    return this.#entryCount > sessionLimits.smallTreeCount;
  }

  #root(macs: SubtreeMacs): Bytes {
    for (const subtree of this.#own) this.#byMac.set(macs.of(subtree), subtree);
    const top = this.#own.find(({ path }) => path === "");
    this.#own = [];
    return encodeRoot({ entryCount: this.#entryCount, mac: top && macs.of(top) });
  }
}
