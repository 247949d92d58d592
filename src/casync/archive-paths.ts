import { byteStringOf } from "../bytes/byte-string.ts";
import type { CatarNode } from "./catar-node.ts";

/** Follows the entries of an archive and knows the path of each, a character for each byte. */
export class ArchivePaths {
  readonly #names: string[] = [];

  /** The path of an entry; `.` for the root. */
  enter({ depth, name }: CatarNode): string {
    this.#names.length = Math.max(0, depth - 1);
    if (depth > 0) this.#names.push(byteStringOf(name));
    return this.#names.join("/") || ".";
  }
}
