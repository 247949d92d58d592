import { concatBytes, equalBytes } from "../../../bytes/compare.ts";
import type { PieceKernel } from "../../../chunk/piece-kernel.ts";
import { smallPieceRule } from "../../../chunk/piece-rules.ts";
import { SyncError, toSyncError } from "../../../errors.ts";
import type { TreeSource } from "../../../tree/source.ts";
import type { AbortOptions, Bytes } from "../../../types.ts";
import { MacIndex } from "./mac-index.ts";
import type { FilePart } from "./file-parts.ts";
import type { RunRequest } from "./piece-work.ts";
import type { PieceRun, RunStep } from "./piece-codec.ts";
import { pieceMacBytes } from "../../../chunk/pieces.ts";

/** Runs that were made, and why some could not be. */
export interface MadeRuns {
  readonly runs: readonly PieceRun[];
  /** One for each run; undefined for one that was made. */
  readonly failures: readonly (SyncError | undefined)[];
}

/** A run that is not sent. */
const failedRun: PieceRun = { steps: [], literals: new Uint8Array(), hasFailed: true };

/** Makes the runs of pieces that a receiver misses, reading them again where they are not kept. */
export class RunMaker<File> {
  readonly #source: TreeSource<File>;
  readonly #kernel: PieceKernel;
  readonly #index = new MacIndex();
  readonly #options: AbortOptions;

  constructor(source: TreeSource<File>, kernel: PieceKernel, options: AbortOptions) {
    this.#source = source;
    this.#kernel = kernel;
    this.#options = options;
  }

  async make(requests: readonly RunRequest<File>[]): Promise<MadeRuns> {
    const runs: PieceRun[] = [];
    const failures: (SyncError | undefined)[] = [];
    for (const request of requests) {
      const bytes = request.isVain ? undefined : (request.bytes ?? (await this.#readAgain(request)));
      const isMade = bytes instanceof Uint8Array;
      runs.push(isMade ? this.#makeRun(bytes, request) : failedRun);
      failures.push(isMade ? undefined : bytes);
    }
    return { runs, failures };
  }

  /** Reads a part of a file again. Returns why it is not what it was. */
  async readPart(file: File, { offset, bytes, mac }: FilePart): Promise<Bytes | SyncError> {
    const content = await this.#read(file, offset, bytes);
    if (content instanceof SyncError) return content;
    this.#kernel.buffer.set(content);
    this.#kernel.update(0, bytes);
    return equalBytes(this.#kernel.digest(), mac) ? content : changed();
  }

  /**
   * Makes a run of the small pieces that stand in its place at the receiver, as far as it has them,
   * and of literals.
   */
  #makeRun(bytes: Bytes, { gap, isText }: RunRequest<File>): PieceRun {
    if (gap.count === 0)
      return { steps: [{ literalBytes: bytes.length }], literals: bytes, hasFailed: false };
    this.#kernel.buffer.set(bytes);
    const ends = this.#kernel.cut(smallPieceRule(isText), bytes.length, true);
    this.#index.begin(gap.width);
    this.#index.add(gap.macs, gap.width);
    return runOf(bytes, ends, this.#index.find(this.#kernel.macs(ends), pieceMacBytes));
  }

  async #readAgain({ file, offset, sizes, macs }: RunRequest<File>): Promise<Bytes | SyncError> {
    const length = sizes.reduce((sum, size) => sum + size, 0);
    const bytes = await this.#read(file, offset, length);
    if (bytes instanceof SyncError) return bytes;
    let end = 0;
    const ends = Uint32Array.from(sizes, (size) => (end += size));
    this.#kernel.buffer.set(bytes);
    return equalBytes(this.#kernel.macs(ends), macs) ? bytes : changed();
  }

  async #read(file: File, offset: number, length: number): Promise<Bytes | SyncError> {
    try {
      return await this.#source.read(file, offset, length, this.#options);
    } catch (thrown) {
      this.#options.signal?.throwIfAborted();
      return toSyncError(thrown, "IO");
    }
  }
}

/** @param places for each piece of `bytes` the one of the gap that is the same, or -1 */
function runOf(bytes: Bytes, ends: Uint32Array, places: readonly number[]): PieceRun {
  const steps: RunStep[] = [];
  const literals: Bytes[] = [];
  for (let i = 0, start = 0; i < places.length;) {
    const first = places[i]!;
    const from = i;
    do i += 1;
    while (i < places.length && places[i] === (first < 0 ? first : first + i - from));
    const end = ends[i - 1]!;
    steps.push(first < 0 ? { literalBytes: end - start } : { first, count: i - from });
    if (first < 0) literals.push(bytes.subarray(start, end));
    start = end;
  }
  return { steps, literals: concatBytes(literals), hasFailed: false };
}

function changed(): SyncError {
  return new SyncError("CHANGED", "a file changed while it was sent");
}
