import fs from "node:fs";
import type { NameIn } from "../calls/dir-node.node.ts";
import { writeFully } from "../calls/file-cut.node.ts";
import { fileTrouble } from "../calls/file-trouble.node.ts";
import type { IncomingTools } from "./incoming-tools.node.ts";
import type { KnownChunks } from "./known-chunks.node.ts";
import type { Stretch } from "../../stretch.ts";

/** How much is kept of content that no file needs. */
export const spareLimits = Object.freeze({
  /** Bytes in a session; beyond that nothing is kept. */
  spareBytes: 2 ** 42,
});

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;

/** What spare content needs from the target it belongs to. */
interface SpareTools extends Pick<IncomingTools, "abandoned" | "held" | "places" | "staging" | "writing"> {
  readonly search: { readonly known: KnownChunks };
}

/**
 * Content that came for files that cannot be had, in one temporary file, so that other files may be
 * made of it.
 */
export class SpareContent {
  readonly #tools: SpareTools;
  #file: { readonly temp: NameIn; readonly place: number } | undefined;
  #endBytes = 0;

  constructor(tools: SpareTools) {
    this.#tools = tools;
  }

  /**
   * Keeps the chunks of a stretch, if that is possible: whoever needs them reports that they are
   * missing.
   *
   * @throws NO_SPACE
   */
  put({ offset, bytes, placements }: Stretch): void {
    if (this.#endBytes + bytes.length > spareLimits.spareBytes) return;
    const { search, writing } = this.#tools;
    try {
      const { temp, place } = (this.#file ??= this.#create());
      writeFully(writing.get(temp), bytes, this.#endBytes);
      for (const { chunk, offset: at } of placements)
        search.known.addReceived(chunk.id, chunk.bytes, place, this.#endBytes + at - offset);
      this.#endBytes += bytes.length;
    } catch (thrown) {
      if (fileTrouble(thrown, "").code === "NO_SPACE") throw thrown;
    }
  }

  #create(): { readonly temp: NameIn; readonly place: number } {
    const { abandoned, held, places, staging, writing } = this.#tools;
    const temp = staging.contentName(held.root, "");
    writing.add(temp, held.open(temp.dir, temp.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
    abandoned.push(temp);
    return { temp, place: places.add(temp.dir, temp.name, spareLimits.spareBytes) };
  }
}
