import { isUtf8 } from "node:buffer";
import { type ByteString, fromByteString } from "../calls/byte-string.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { findMountedType, type MountedType, seemsToIgnoreCase } from "../facts/mounted-type.node.ts";

/** What is known of the file systems of a destination without anything being tried there. */
export class Volumes {
  readonly #held: HeldDirs;
  /** By the directories that file systems begin at. */
  readonly #types = new Map<DirNode, MountedType>();
  readonly #ignoresCase = new Map<DirNode, boolean>();

  constructor(held: HeldDirs) {
    this.#held = held;
  }

  /** The type of the file system that a directory is on. */
  typeOf({ top }: DirNode): MountedType {
    const known = this.#types.get(top);
    if (known) return known;
    const found = findMountedType(this.#held, top);
    this.#types.set(top, found);
    return found;
  }

  /**
   * True when names in a directory that differ in case alone are one; undefined as long as nothing
   * tells.
   */
  ignoresCase(dir: DirNode): boolean | undefined {
    const { top } = dir;
    const known = this.#ignoresCase.get(top);
    if (known !== undefined) return known;
    const found = this.typeOf(top).ignoresCase ?? seemsToIgnoreCase(this.#held, top);
    if (found !== undefined) this.#ignoresCase.set(top, found);
    return found;
  }
}

/** A name as file systems that ignore case compare it. */
export function withoutCase(name: ByteString): string {
  const bytes = fromByteString(name);
  return isUtf8(bytes) ? bytes.toString().toLowerCase() : name;
}
