import { pieceMacBytes } from "../../../chunk/pieces.ts";
import { SyncError } from "../../../errors.ts";
import { sessionLimits } from "../../limits.ts";
import { Queue } from "../../queue.ts";
import type { AnnouncedGroup } from "./announced-groups.ts";
import { maxGapCount } from "./piece-bounds.ts";
import type { PieceAnswer } from "./piece-codec.ts";
import type { RunRequest } from "./piece-work.ts";

/** A run of pieces that the receiver misses. */
export interface WantedRun<File> {
  readonly group: AnnouncedGroup<File>;
  readonly request: Omit<RunRequest<File>, "bytes" | "isVain">;
  /** Where the run starts in the group, and its length. */
  readonly at: number;
  readonly length: number;
}

/** Content of the runs that a DELTA frame waits for: together they are compressed better. */
const runsFrameBytes = 262_144;

/** Runs that the receiver misses, in their order. */
export class WantedRuns<File> {
  readonly #runs = new Queue<WantedRun<File>>();
  #bytes = 0;

  get size(): number {
    return this.#runs.size;
  }

  /** True when there are as many as a frame waits for. */
  get hasFrame(): boolean {
    return this.#bytes >= runsFrameBytes;
  }

  /**
   * Adds the runs that an answer to a group asks for. Returns how many bytes of the group it has.
   *
   * @throws LIMIT for more small pieces than a gap can have
   */
  add(group: AnnouncedGroup<File>, { found, gaps }: PieceAnswer): number {
    const { sizes, macs, isText, rule } = group.pieces;
    const { file } = group.pieced.job;
    let foundBytes = 0;
    let at = 0;
    let next = 0;
    for (let i = 0; i < found.length;) {
      const first = i;
      const start = at;
      const isHere = found[i];
      for (; i < found.length && found[i] === isHere; i++) at += sizes[i]!;
      if (isHere) foundBytes += at - start;
      if (isHere) continue;
      const gap = gaps[next++]!;
      if (gap.count > maxGapCount(i - first, rule))
        throw new SyncError("LIMIT", "more small pieces than a gap can have");
      const run = {
        sizes: sizes.slice(first, i),
        macs: macs.subarray(first * pieceMacBytes, i * pieceMacBytes),
      };
      const request = { file, offset: group.offset + start, ...run, isText, gap };
      group.open += 1;
      this.#runs.push({ group, request, at: start, length: at - start });
      this.#bytes += at - start;
    }
    return foundBytes;
  }

  /** Takes the oldest that fit one frame, one at least. @throws INTERNAL when there is none */
  takeFrame(): readonly WantedRun<File>[] {
    const taken: WantedRun<File>[] = [];
    let bytes = 0;
    do {
      const run = this.#runs.take();
      this.#bytes -= run.length;
      taken.push(run);
      bytes += run.length;
    } while (this.#runs.size > 0 && bytes + this.#runs.peek()!.length <= sessionLimits.dataFrameBytes);
    return taken;
  }
}

/** What has to be made for a run now. */
export function requestOf<File>({ group, request, at, length }: WantedRun<File>): RunRequest<File> {
  return { ...request, bytes: group.bytes?.subarray(at, at + length), isVain: group.pieced.isUnlike };
}
