import { findLibc, type Libc } from "../tree/disk/calls/libc.node.ts";
import { writeDiffering } from "../tree/disk/calls/write-differing.node.ts";
import { readFully, writeFully } from "../tree/disk/calls/file-cut.node.ts";
import type { Bytes } from "../types.ts";

/** Content that was found in a file, and where. */
export interface FoundContent {
  readonly bytes: Bytes;
  /** A descriptor of the file. */
  readonly fd: number;
  readonly offset: number;
}

/** How `FoundContentWriter` shares blocks. */
interface WriterOptions {
  /** The system's call; undefined where there is none. */
  readonly cloneRange?: Libc["cloneRange"];
  /** Bytes of a block of the file system. */
  readonly blockBytes: number;
}

/** What was put last, and all that lies before it from the same place in the same file. */
interface Run {
  readonly fd: number;
  readonly start: number;
  readonly end: number;
  /** How much further the same content lies in the file that it was found in. */
  readonly shift: number;
}

/**
 * Puts content into a file that is in another one. Where the file system can, and both lie alike in
 * its blocks, they share these (reflinks); all else is copied. What is shared is read again: the
 * file may have changed since the content was found in it.
 */
export class FoundContentWriter {
  readonly #fd: number;
  readonly #options: WriterOptions;
  /** Files of which nothing can be shared. */
  readonly #copied = new Set<number>();
  #run: Run | undefined;

  /** @param fd of the file that content is put into */
  constructor(fd: number, { cloneRange = findLibc()?.cloneRange, blockBytes }: WriterOptions) {
    this.#fd = fd;
    this.#options = { cloneRange, blockBytes };
  }

  /** False once it is known that nothing of a file can be shared, whatever lies where in it. */
  canShare(fd: number): boolean {
    return this.#options.cloneRange !== undefined && !this.#copied.has(fd);
  }

  /** Puts content at a place; returns how many bytes of it are shared. @throws what Node throws */
  put(found: FoundContent, to: number): number {
    const { start, end } = this.#share(found, to);
    const { bytes } = found;
    writeFully(this.#fd, bytes.subarray(0, start - to), to);
    writeFully(this.#fd, bytes.subarray(end - to), end);
    return end - start;
  }

  /** The part of the content that is shared now. */
  #share({ bytes, fd, offset }: FoundContent, to: number): { readonly start: number; readonly end: number } {
    const { cloneRange, blockBytes } = this.#options;
    const shift = offset - to;
    const run = this.#extend({ fd, shift, start: to, end: to + bytes.length });
    const none = { start: to, end: to };
    if (!cloneRange || !this.canShare(fd) || shift % blockBytes !== 0) return none;
    // The block in which the content before it ends is shared, too, when that lies there alike.
    const before = Math.floor(to / blockBytes) * blockBytes;
    const from = before >= run.start ? before : before + blockBytes;
    const end = Math.floor(run.end / blockBytes) * blockBytes;
    if (end <= from) return none;
    const start = Math.max(from, to);
    const head = Buffer.alloc(start - from);
    readFully(this.#fd, head, from);
    const isShared = cloneRange(fd, from + shift, this.#fd, from, end - from);
    writeDiffering(this.#fd, head, from);
    if (isShared) writeDiffering(this.#fd, bytes.subarray(start - to, end - to), start);
    else this.#copied.add(fd);
    return isShared ? { start, end } : none;
  }

  #extend(part: Run): Run {
    const before = this.#run;
    const isNext = before?.fd === part.fd && before.shift === part.shift && before.end === part.start;
    return (this.#run = isNext ? { ...part, start: before.start } : part);
  }
}
