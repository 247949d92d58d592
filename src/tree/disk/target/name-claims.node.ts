import { SyncError } from "../../../errors.ts";
import { type ByteString, printPath } from "../calls/byte-string.node.ts";
import type { DirNode } from "../calls/dir-node.node.ts";
import { type Volumes, withoutCase } from "./volumes.node.ts";

/**
 * The names that entries have in the directories on the way to the last one. Where file systems
 * ignore case, a second entry may want the place of the first.
 */
export class NameClaims {
  readonly #volumes: Volumes;
  /** By depth: names, and what their entries call them. Kept where names may be the same. */
  readonly #levels: (Map<string, ByteString> | undefined)[] = [];

  constructor(volumes: Volumes) {
    this.#volumes = volumes;
  }

  /** Leaves the directories that names of more than this depth lie in. */
  leave(depth: number): void {
    if (this.#levels.length > depth + 1) this.#levels.length = depth + 1;
  }

  /**
   * Takes note of the name of an entry.
   *
   * @throws PATH when an entry before it has the same place
   */
  claim(depth: number, dir: DirNode, name: ByteString): void {
    if (this.#volumes.ignoresCase(dir) === false) return;
    const names = (this.#levels[depth] ??= new Map<string, ByteString>());
    const key = withoutCase(name);
    const before = names.get(key);
    if (before === undefined) names.set(key, name);
    else if (before !== name) {
      throw new SyncError("PATH", `here this is the same name as ${JSON.stringify(printPath(before))}`);
    }
  }
}
