import { concatBytes, equalBytes } from "../../../bytes/compare.ts";
import type { PieceKernel } from "../../../chunk/piece-kernel.ts";
import { smallPieceRule } from "../../../chunk/piece-rules.ts";
import { SyncError, toSyncError } from "../../../errors.ts";
import type { TreeSource } from "../../../tree/source.ts";
import type { AbortOptions, Bytes } from "../../../types.ts";
import { macAt } from "./mac-widths.ts";
import type { FilePart } from "./file-parts.ts";
import type { RunRequest } from "./piece-work.ts";
import type { GapMacs, PieceRun } from "./piece-codec.ts";
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
      runs.push(isMade ? makeRun(this.#kernel, bytes, request) : failedRun);
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

/**
 * Makes a run of the small pieces that stand in its place at the receiver, as far as it has them,
 * and of literals.
 */
export function makeRun(
  kernel: PieceKernel,
  bytes: Bytes,
  { gap, isText }: { readonly gap: GapMacs; readonly isText: boolean },
): PieceRun {
  if (gap.count === 0) return { steps: [{ literalBytes: bytes.length }], literals: bytes, hasFailed: false };
  kernel.buffer.set(bytes);
  const ends = kernel.cut(smallPieceRule(isText), bytes.length, true).slice();
  const macs = kernel.macs(ends);
  const { width } = gap;
  const places = placesOf(gap);
  const steps: Step[] = [];
  const literals: Bytes[] = [];
  let start = 0;
  let expected = 0;
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i]!;
    const mac = macAt(macs, i * pieceMacBytes, width);
    const isNext = expected < gap.count && macAt(gap.macs, expected * width, width) === mac;
    const place = isNext ? expected : places.get(mac);
    if (place === undefined) literals.push(bytes.subarray(start, end));
    addStep(steps, place === undefined ? { literalBytes: end - start } : { first: place, count: 1 });
    if (place !== undefined) expected = place + 1;
    start = end;
  }
  return { steps, literals: concatBytes(literals), hasFailed: false };
}

function changed(): SyncError {
  return new SyncError("CHANGED", "a file changed while it was sent");
}

/** Where each MAC of a gap stands first. */
function placesOf({ count, macs, width }: GapMacs): Map<number, number> {
  const places = new Map<number, number>();
  for (let i = count - 1; i >= 0; i--) places.set(macAt(macs, i * width, width), i);
  return places;
}

type Step = { literalBytes: number } | { readonly first: number; count: number };

/** Adds a step, as a part of the last one where it goes on from there. */
function addStep(steps: Step[], step: Step): void {
  const last = steps.at(-1);
  if (last !== undefined && "literalBytes" in last && "literalBytes" in step) {
    last.literalBytes += step.literalBytes;
  } else if (
    last !== undefined &&
    "first" in last &&
    "first" in step &&
    last.first + last.count === step.first
  ) {
    last.count += step.count;
  } else {
    steps.push(step);
  }
}
