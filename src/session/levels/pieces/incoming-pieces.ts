import { pieceRuleOf } from "../../../tree/plan/old-version.ts";
import { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import type { FileState } from "../../file-state.ts";
import type { UnsettledFrame } from "../../ledger.ts";
import { Queue } from "../../queue.ts";
import { send } from "../../receiver-effect.ts";
import { decodeBits, encodeBits } from "../../wishes.ts";
import type { LevelHost, Steps } from "../level-host.ts";
import { pieceWidth } from "./mac-widths.ts";
import { maxGroupCount, maxPieceCount, pieceTellingLimits } from "./piece-bounds.ts";
import {
  decodePieceGroups,
  decodeRuns,
  encodePieceAnswers,
  literalBytesOf,
  type PieceAnswer,
  type PieceGroup,
  type PieceRun,
} from "./piece-codec.ts";

/** A group whose runs have not all come. */
interface OpenGroup {
  readonly file: FileState;
  readonly unsettled: UnsettledFrame;
  /** Runs that are to come. */
  gaps: number;
  /** Of the last group of a file: the MAC of all of it, or that it could not be read. */
  readonly last: Bytes | "failed" | undefined;
}

/**
 * The receiver's half of the files and pieces levels: hears which old versions are the same, says
 * which pieces they have, has new versions put together, and asks for those that turn out wrong.
 */
export class IncomingPieces {
  readonly #host: LevelHost;
  /** Files with old versions that were told of by their MACs, and not answered. */
  readonly #compared = new Queue<FileState>();
  readonly #groups = new Queue<OpenGroup>();
  /** The file whose groups come, and how many more pieces it can have. */
  #coming: { readonly file: FileState; leftCount: number } | undefined;

  constructor(host: LevelHost) {
    this.#host = host;
  }

  /** A file's old version is compared at the sender. */
  compare(file: FileState): void {
    this.#compared.push(file);
  }

  /** Says which of the compared files are the same. */
  *takeSame(payload: Bytes): Steps {
    for (const isSame of decodeBits(payload, this.#compared.size)) {
      const file = this.#compared.take();
      if (!isSame) file.awaits = pieceRuleOf(file.size, file.oldBytes!) ? "pieces" : "pushed";
      else {
        if (!file.dropped) yield { do: "keepOld", entry: file.entry };
        this.#host.told(file, file.size);
        this.#end(file);
      }
    }
  }

  /** Pieces of files: answers each group. */
  *take(payload: Bytes, unsettled: UnsettledFrame): Steps {
    let answers: PieceAnswer[] = [];
    let bytes = 0;
    for (const group of decodePieceGroups(payload, (entry) => this.#widthOf(entry))) {
      const file = this.#host.file(group.entry);
      if (file.awaits === "pieces") this.#count(file, group);
      const answer = yield* this.#answer(file, group);
      answers.push(answer);
      bytes += group.count + answer.gaps.reduce((sum, { macs }) => sum + macs.length, 0);
      yield* this.#note(file, group, answer, unsettled);
      if (bytes < pieceTellingLimits.answersFrameBytes) continue;
      yield send("WISH_PIECES", encodePieceAnswers(answers), "control");
      answers = [];
      bytes = 0;
    }
    if (answers.length > 0) yield send("WISH_PIECES", encodePieceAnswers(answers), "control");
    yield* this.#tell(yield* this.#drain());
  }

  /** Runs that were missing. */
  *takeRuns(payload: Bytes): Steps {
    const wishes: boolean[] = [];
    for (const run of decodeRuns(payload)) {
      const group = this.#groups.peek();
      if (group === undefined) throw new SyncError("UNSOLICITED", "a run of pieces that is not missing");
      group.gaps -= 1;
      yield* this.#fill(group.file, run);
      wishes.push(...(yield* this.#drain()));
    }
    yield* this.#tell(wishes);
  }

  #widthOf(entry: number): number {
    const { size, oldBytes, awaits } = this.#host.file(entry);
    if (awaits !== "pieces" && awaits !== "asked") throw unsolicited();
    if (oldBytes === undefined) throw unsolicited();
    return pieceWidth(size, oldBytes, pieceRuleOf(size, oldBytes)!.averageBytes);
  }

  /** @throws BAD_MESSAGE, LIMIT for more pieces than there can be */
  #count(file: FileState, { count, end }: PieceGroup): void {
    const rule = pieceRuleOf(file.size, file.oldBytes!)!;
    this.#coming ??= { file, leftCount: maxPieceCount(file.size, rule) };
    if (this.#coming.file !== file) throw new SyncError("BAD_MESSAGE", "pieces of two files at once");
    this.#coming.leftCount -= count;
    if (count > maxGroupCount(rule) || this.#coming.leftCount < 0)
      throw new SyncError("LIMIT", "more pieces than a file or a group of them can have");
    if (end !== undefined) this.#coming = undefined;
  }

  *#answer(file: FileState, group: PieceGroup): Steps<PieceAnswer> {
    if (file.awaits === "asked") return { found: [], gaps: [], isUnlike: true };
    if (file.dropped || group.count === 0)
      return { found: Array.from({ length: group.count }, () => true), gaps: [], isUnlike: false };
    const { entry, size: newBytes, oldBytes } = file;
    if (!file.isFilled) this.#host.fill(file, [newBytes]);
    file.isFilled = true;
    return (yield { do: "match", entry, group, sizes: { newBytes, oldBytes: oldBytes! } }) as PieceAnswer;
  }

  *#note(file: FileState, group: PieceGroup, answer: PieceAnswer, unsettled: UnsettledFrame): Steps {
    const end = answer.isUnlike ? undefined : group.end;
    if (answer.isUnlike && this.#coming?.file === file) this.#coming = undefined;
    if (answer.isUnlike) file.awaits = "asked";
    else if (end !== undefined) file.awaits = "check";
    unsettled.open += 1;
    const last = typeof end === "string" ? "failed" : end?.slice();
    this.#groups.push({ file, unsettled, gaps: answer.gaps.length, last });
    if (typeof end === "string") yield* this.#host.giveUp(file, end, "the sender could not read it");
    else if (end !== undefined) this.#host.told(file, file.size);
  }

  *#fill(file: FileState, run: PieceRun): Steps {
    const bytes = literalBytesOf(run.steps);
    this.#host.received(bytes);
    if (file.dropped || file.awaits === "asked") return;
    if (run.hasFailed) yield* this.#host.giveUp(file, "CHANGED", "it changed at the sender");
    else yield { do: "fill", entry: file.entry, run };
  }

  /**
   * Ends the groups in which nothing is missing any more. Returns for each file that ends whether
   * it has to come whole.
   */
  *#drain(): Steps<boolean[]> {
    const wishes: boolean[] = [];
    for (let group = this.#groups.peek(); group?.gaps === 0; group = this.#groups.peek()) {
      this.#groups.shift();
      const { file, unsettled, last } = group;
      if (last === "failed") this.#end(file);
      else if (last !== undefined) wishes.push(yield* this.#check(file, last));
      this.#host.pay(unsettled);
    }
    return wishes;
  }

  *#tell(wishes: readonly boolean[]): Steps {
    if (wishes.length > 0) yield send("WISH_WHOLE", encodeBits(wishes), "control");
  }

  /** True when a file is not what the sender has, and has to come whole. */
  *#check(file: FileState, mac: Bytes): Steps<boolean> {
    const isRight = file.dropped || ((yield { do: "check", entry: file.entry, mac }) as boolean);
    if (isRight) this.#end(file);
    else {
      file.awaits = "pushed";
      file.isRepeated = true;
    }
    return !isRight;
  }

  #end(file: FileState): void {
    file.listed = file.size;
    file.ended = true;
    this.#host.ended(file);
    this.#host.finished(file);
  }
}

function unsolicited(): SyncError {
  return new SyncError("UNSOLICITED", "pieces of a file that awaits none");
}
