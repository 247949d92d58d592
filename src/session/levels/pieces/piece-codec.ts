import { readBits, writeBits } from "../../wishes.ts";
import { ByteReader, ByteWriter } from "../../../bytes/cursor.ts";
import { unzigzag, zigzag } from "../../../bytes/varint.ts";
import { codeOfWire, errorCodes, SyncError, type SyncErrorCode } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import { fileMacBytes } from "../../../chunk/pieces.ts";
import type { PartEnd } from "./file-parts.ts";
import { gapWidth } from "./mac-widths.ts";
import type { MissingRuns } from "./missing-runs.ts";

/** Pieces of one file that follow each other (docs/protocol.md, PIECES). */
export interface PieceGroup {
  readonly entry: number;
  /** True when it is cut by the finer rule of a large file. */
  readonly isFine: boolean;
  /** True when the small pieces of its gaps are cut behind line feeds. */
  readonly isText: boolean;
  /** The MACs, `width` bytes each, one after another. */
  readonly macs: Bytes;
  readonly width: number;
  readonly count: number;
  /** Set on the last group of a part, and where the file cannot be read any more. */
  readonly end?: PartEnd | SyncErrorCode;
}

/** True for the last group of a file. */
export function isLastGroup({ end }: Pick<PieceGroup, "end">): boolean {
  return end !== undefined && (typeof end === "string" || end.bytes === undefined);
}

/** The receiver's answer to a group. */
export interface PieceAnswer {
  /** For each piece, whether the old version has it. */
  readonly found: readonly boolean[];
  /** For each run of pieces that it does not have: what stands in its place there. */
  readonly gaps: readonly GapMacs[];
  /** True when nothing of the file is in its old version: it is to be sent by its chunks. */
  readonly isUnlike: boolean;
}

/** MACs of small pieces of an old version, in a row. */
export interface GapMacs {
  readonly count: number;
  /** `width` bytes each. */
  readonly macs: Bytes;
  readonly width: number;
}

/** A group that awaits its answer. */
export interface AwaitedGroup {
  readonly count: number;
  /** Of its file, up to this group. */
  readonly missing: MissingRuns;
  readonly averageBytes: number;
}

/** A run of pieces that the receiver does not have. */
export interface PieceRun {
  /** What it is made of, in order. */
  readonly steps: readonly RunStep[];
  /** The bytes of its literals, in a row. */
  readonly literals: Bytes;
  /** True when it cannot be read any more. */
  readonly hasFailed: boolean;
}

/** Literal bytes, or small pieces of the gap that follow each other, from the `first` on. */
export type RunStep = { readonly literalBytes: number } | { readonly first: number; readonly count: number };

const lastFlag = 1;
const failedFlag = 2;
const textFlag = 4;
const partFlag = 8;
const fineFlag = 16;

/** Encodes groups of pieces: a PIECES payload. */
export function encodePieceGroups(groups: readonly PieceGroup[]): Bytes {
  const out = new ByteWriter();
  for (const { entry, isFine, isText, macs, count, end } of groups) {
    out.uvarint(entry);
    out.u8(flagsOf(end) | (isFine ? fineFlag : 0) | (isText ? textFlag : 0));
    if (typeof end === "string") out.uvarint(errorCodes[end].wire);
    out.uvarint(count);
    out.bytes(macs);
    if (end === undefined || typeof end === "string") continue;
    if (end.bytes !== undefined) out.uvarint(end.bytes);
    out.bytes(end.mac);
  }
  return out.finish();
}

function flagsOf(end: PieceGroup["end"]): number {
  if (end === undefined) return 0;
  if (typeof end === "string") return lastFlag | failedFlag;
  return end.bytes === undefined ? lastFlag : partFlag;
}

/**
 * @param widthOf bytes of each MAC of a file, in a group that is fine or not; throws for a file of
 *   which no such pieces are awaited
 * @throws BAD_MESSAGE
 */
export function* decodePieceGroups(
  payload: Bytes,
  widthOf: (entry: number, isFine: boolean) => number,
): Generator<PieceGroup> {
  const input = new ByteReader(payload);
  while (input.remaining > 0) {
    const entry = input.uvarint();
    const flags = input.u8();
    const failed = (flags & failedFlag) !== 0;
    const isLast = (flags & lastFlag) !== 0;
    const isPart = (flags & partFlag) !== 0;
    const isFine = (flags & fineFlag) !== 0;
    const isText = (flags & textFlag) !== 0;
    if (flags > 31 || (failed && !isLast) || (isPart && isLast))
      throw new SyncError("BAD_MESSAGE", `unknown flags of pieces 0x${flags.toString(16)}`);
    const code = failed ? codeOfWire(input.uvarint()) : undefined;
    const width = widthOf(entry, isFine);
    const count = input.uvarint();
    if (count === 0 && !isLast) throw new SyncError("BAD_MESSAGE", "an empty group of pieces");
    const macs = input.bytes(count * width);
    const end = code ?? (isLast || isPart ? readPartEnd(input, isLast) : undefined);
    yield { entry, isFine, isText, macs, width, count, ...(end !== undefined && { end }) };
  }
}

function readPartEnd(input: ByteReader, isLast: boolean): PartEnd {
  const bytes = isLast ? undefined : input.uvarint();
  return { ...(bytes !== undefined && { bytes }), mac: input.bytes(fileMacBytes) };
}

/** Encodes the answer to some groups: a WISH_PIECES payload. */
export function encodePieceAnswers(answers: readonly PieceAnswer[]): Bytes {
  const out = new ByteWriter();
  for (const { found, gaps, isUnlike } of answers) {
    out.u8(isUnlike ? 1 : 0);
    if (isUnlike) continue;
    writeBits(out, found);
    for (const { count, macs } of gaps) {
      out.uvarint(count);
      out.bytes(macs);
    }
  }
  return out.finish();
}

/**
 * @param next the next group that awaits its answer; throws when there is none
 * @throws BAD_MESSAGE
 */
export function* decodePieceAnswers(payload: Bytes, next: () => AwaitedGroup): Generator<PieceAnswer> {
  // What it says is used later: the memory of a frame is good for the next one.
  const input = new ByteReader(payload.slice());
  while (input.remaining > 0) {
    const isUnlike = input.u8();
    if (isUnlike > 1) throw new SyncError("BAD_MESSAGE", "an unknown answer to pieces");
    const { count, missing, averageBytes } = next();
    if (isUnlike === 1) {
      yield { found: [], gaps: [], isUnlike: true };
      continue;
    }
    const found = readBits(input, count);
    const gaps = missing.next(found, averageBytes).map(({ rowBytes }) => readGap(input, rowBytes));
    yield { found, gaps, isUnlike: false };
  }
}

function readGap(input: ByteReader, rowBytes: number): GapMacs {
  const count = input.uvarint();
  if (count > input.remaining) throw new SyncError("BAD_MESSAGE", "a row of MACs is longer than its frame");
  const width = gapWidth(count, rowBytes);
  return { count, macs: input.bytes(count * width), width };
}

/** Encodes runs: a DELTA payload. */
export function encodeRuns(runs: readonly PieceRun[]): Bytes {
  const out = new ByteWriter();
  out.uvarint(runs.length);
  for (const { steps, hasFailed } of runs) {
    out.uvarint(steps.length * 2 + (hasFailed ? 1 : 0));
    let expected = 0;
    for (const step of steps) {
      if ("literalBytes" in step) {
        out.uvarint(step.literalBytes * 2);
        continue;
      }
      out.uvarint(step.count * 2 + 1);
      out.uvarint(zigzag(step.first - expected));
      expected = step.first + step.count;
    }
  }
  for (const { literals } of runs) out.bytes(literals);
  return out.finish();
}

/**
 * @param limit how many runs may still come
 * @throws BAD_MESSAGE, UNSOLICITED for more runs than are missing
 */
export function decodeRuns(payload: Bytes, limit: number): PieceRun[] {
  const input = new ByteReader(payload);
  const count = input.uvarint();
  if (count > limit) throw new SyncError("UNSOLICITED", `${count} runs of pieces where ${limit} are missing`);
  if (count > input.remaining) throw new SyncError("BAD_MESSAGE", "more runs than their frame can hold");
  const heads = Array.from({ length: count }, () => readHead(input));
  const runs = heads.map((head) => ({ ...head, literals: input.bytes(literalBytesOf(head.steps)) }));
  input.end();
  return runs;
}

function readHead(input: ByteReader): Omit<PieceRun, "literals"> {
  const head = input.uvarint();
  const hasFailed = head % 2 === 1;
  const stepCount = Math.floor(head / 2);
  if (stepCount > input.remaining) throw new SyncError("BAD_MESSAGE", "a run is longer than its frame");
  let expected = 0;
  const steps = Array.from({ length: stepCount }, (): RunStep => {
    const step = input.uvarint();
    if (step < 2) throw new SyncError("BAD_MESSAGE", "an empty step of a run");
    if (step % 2 === 0) return { literalBytes: step / 2 };
    const count = (step - 1) / 2;
    const first = expected + unzigzag(input.uvarint());
    if (first < 0) throw new SyncError("BAD_MESSAGE", "a step of a run before its first piece");
    expected = first + count;
    return { first, count };
  });
  return { steps, hasFailed };
}

/** Bytes of the literals among some steps. */
export function literalBytesOf(steps: readonly RunStep[]): number {
  return steps.reduce((sum, step) => sum + ("literalBytes" in step ? step.literalBytes : 0), 0);
}
