import { gearPieceSizes } from "../../../chunk/piece-rules.ts";
import { pieceRuleOf } from "../../../tree/plan/old-version.ts";
import { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import type { FileState } from "../../file-state.ts";
import type { UnsettledFrame } from "../../ledger.ts";
import { Queue } from "../../queue.ts";
import { send } from "../../receiver-effect.ts";
import { decodeBits, encodeBits } from "../../wishes.ts";
import type { LevelHost, Steps } from "../level-host.ts";
import { ruleOf } from "./group-rule.ts";
import { pieceWidth } from "./mac-widths.ts";
import { decodePart, type FilePart, type PartEnd, partOf } from "./file-parts.ts";
import { maxGroupCount, pieceTellingLimits } from "./piece-bounds.ts";
import {
  decodePieceGroups,
  decodeRuns,
  encodePieceAnswers,
  isLastGroup,
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
  /** The part of the file that ends with it. */
  readonly part: FilePart | undefined;
}

/** A part that is to come once more. */
interface WrongPart extends Pick<OpenGroup, "file" | "unsettled"> {
  readonly part: FilePart;
}

/**
 * The receiver's half of the files and pieces levels: hears which old versions are the same, says
 * which pieces they have, has new versions put together, and asks for the parts of them that turn
 * out wrong.
 */
export class IncomingPieces {
  readonly #host: LevelHost;
  /** Files with old versions that were told of by their MACs, and not answered. */
  readonly #compared = new Queue<FileState>();
  readonly #groups = new Queue<OpenGroup>();
  /** Runs that are to come, of all groups. */
  #missingCount = 0;
  readonly #wrong = new Queue<WrongPart>();
  /** Parts that were checked and the sender was not told of: of which file, and what it hears. */
  #checked: { readonly file: FileState; readonly isWrong: boolean }[] = [];
  /** Content that came for the part that is put together. */
  #partBytes = 0;
  /** The file whose groups come, how much more can come of it, and whether the pieces are fine. */
  #coming: { readonly file: FileState; leftBytes: number; isFine: boolean } | undefined;

  constructor(host: LevelHost) {
    this.#host = host;
  }

  /** A file's old version is compared at the sender. */
  compare(file: FileState): void {
    this.#compared.push(file);
  }

  /** The files of which a part is to come once more. */
  get repeated(): ReadonlySet<FileState> {
    return new Set(this.#wrong.values().map(({ file }) => file));
  }

  /** Says which of the compared files are the same. */
  *takeSame(payload: Bytes): Steps {
    for (const isSame of decodeBits(payload, this.#compared.size)) {
      const file = this.#compared.take();
      if (!isSame) yield* this.#renew(file);
      else {
        if (!file.dropped) yield { do: "keepOld", entry: file.entry };
        if (!file.dropped) this.#host.reused(file.size);
        this.#host.told(file, file.size);
        this.#end(file);
      }
    }
  }

  /** What still comes for a file that is not the same is dropped where it is not wanted. */
  *#renew(file: FileState): Steps {
    file.awaits = pieceRuleOf(file.size, file.oldBytes!) ? "pieces" : "pushed";
    if (!file.dropped) file.dropped = (yield { do: "differs", entry: file.entry }) as boolean;
  }

  /** Pieces of files: answers each group. */
  *take(payload: Bytes, unsettled: UnsettledFrame): Steps {
    let answers: PieceAnswer[] = [];
    let bytes = 0;
    for (const group of decodePieceGroups(payload, (entry, isFine) => this.#widthOf(entry, isFine))) {
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
    yield* this.#drain();
    yield* this.#tell();
  }

  /** Runs that were missing. @throws BAD_MESSAGE, UNSOLICITED */
  *takeRuns(payload: Bytes): Steps {
    for (const run of decodeRuns(payload, this.#missingCount)) {
      const group = this.#groups.peek()!;
      group.gaps -= 1;
      this.#missingCount -= 1;
      yield* this.#fill(group.file, run);
      yield* this.#drain();
    }
    yield* this.#tell();
  }

  /** The oldest part that was wrong, once more. @throws CORRUPT when it still is */
  *takePart(payload: Bytes): Steps {
    const wrong = this.#wrong.shift();
    if (wrong === undefined) throw new SyncError("UNSOLICITED", "a part of a file that is not wrong");
    const content = decodePart(payload);
    this.#host.received(content?.length ?? 0);
    const { file, part, unsettled } = wrong;
    if (!file.dropped && file.awaits !== "asked") yield* this.#replace(file, part, content);
    this.#settle(file, unsettled);
  }

  *#replace(file: FileState, part: FilePart, content: Bytes | undefined): Steps {
    if (content === undefined) return yield* this.#host.giveUp(file, "CHANGED", "it changed at the sender");
    if (content.length !== part.bytes)
      throw new SyncError("BAD_MESSAGE", "a part of a file of another length");
    const isRight = (yield { do: "replace", entry: file.entry, part, content }) as boolean;
    if (!isRight) throw new SyncError("CORRUPT", "a part of a file that has not the MAC it should have");
  }

  #widthOf(entry: number, isFine: boolean): number {
    const { size, oldBytes, awaits } = this.#host.file(entry);
    if (awaits !== "pieces" && awaits !== "asked") throw unsolicited();
    if (oldBytes === undefined) throw unsolicited();
    return pieceWidth(size, oldBytes, ruleOf({ newBytes: size, oldBytes }, isFine).averageBytes);
  }

  /** @throws BAD_MESSAGE, LIMIT for more pieces than there can be */
  #count(file: FileState, group: PieceGroup): void {
    const { count, isFine } = group;
    const rule = ruleOf({ newBytes: file.size, oldBytes: file.oldBytes! }, isFine);
    const { minBytes } = gearPieceSizes(rule);
    this.#coming ??= { file, leftBytes: file.size, isFine };
    if (this.#coming.file !== file) throw new SyncError("BAD_MESSAGE", "pieces of two files at once");
    if (this.#coming.isFine && !isFine)
      throw new SyncError("BAD_MESSAGE", "pieces that are not fine any more");
    this.#coming.isFine = isFine;
    this.#coming.leftBytes -= count * minBytes;
    if (count > maxGroupCount(rule) || this.#coming.leftBytes < -minBytes)
      throw new SyncError("LIMIT", "more pieces than a file or a group of them can have");
    if (isLastGroup(group)) this.#coming = undefined;
  }

  *#answer(file: FileState, group: PieceGroup): Steps<PieceAnswer> {
    if (file.awaits === "asked") return { found: [], gaps: [], isUnlike: true };
    if (file.dropped || (group.count === 0 && typeof group.end === "string"))
      return { found: Array.from({ length: group.count }, () => true), gaps: [], isUnlike: false };
    const { entry, size: newBytes, oldBytes } = file;
    if (!file.isFilled) this.#host.fill(file, [newBytes]);
    file.isFilled = true;
    return (yield { do: "match", entry, group, sizes: { newBytes, oldBytes: oldBytes! } }) as PieceAnswer;
  }

  *#note(file: FileState, group: PieceGroup, answer: PieceAnswer, unsettled: UnsettledFrame): Steps {
    const end = answer.isUnlike ? undefined : group.end;
    const part = typeof end === "object" ? this.#partOf(file, end) : undefined;
    file.openGroups += 1;
    unsettled.open += 1;
    this.#missingCount += answer.gaps.length;
    this.#groups.push({ file, unsettled, gaps: answer.gaps.length, part });
    if (answer.isUnlike) this.#forget(file);
    else if (isLastGroup(group)) file.awaits = "check";
    if (typeof end === "string") yield* this.#host.giveUp(file, end, "the sender could not read it");
    else if (file.awaits === "check") this.#host.told(file, file.size);
  }

  /** @throws LIMIT for one of a length that it cannot have */
  #partOf(file: FileState, end: PartEnd): FilePart {
    const part = partOf({ ...end, mac: end.mac.slice() }, file.listed, file.size);
    file.listed += part.bytes;
    return part;
  }

  /** Nothing of a file is in its old version: it comes by its chunks. */
  #forget(file: FileState): void {
    if (this.#coming?.file === file) this.#coming = undefined;
    this.#checked = this.#checked.filter((checked) => checked.file !== file);
    file.awaits = "asked";
    file.listed = 0;
  }

  *#fill(file: FileState, run: PieceRun): Steps {
    const bytes = literalBytesOf(run.steps);
    this.#host.received(bytes);
    this.#partBytes += bytes;
    if (file.dropped || file.awaits === "asked") return;
    if (run.hasFailed) yield* this.#host.giveUp(file, "CHANGED", "it changed at the sender");
    else yield { do: "fill", entry: file.entry, run };
  }

  /** Ends the groups in which nothing is missing any more, and checks the parts that end so. */
  *#drain(): Steps {
    for (let group = this.#groups.peek(); group?.gaps === 0; group = this.#groups.peek()) {
      this.#groups.shift();
      const { file, unsettled, part } = group;
      const isChecked = part !== undefined && file.awaits !== "asked";
      const isRight = !isChecked || (yield* this.#check(file, part));
      if (isChecked) this.#checked.push({ file, isWrong: !isRight });
      if (isChecked) this.#countReused(isRight && !file.dropped ? part.bytes : 0);
      if (isRight) this.#settle(file, unsettled);
      else this.#wrong.push({ file, unsettled, part: part! });
    }
  }

  /** Counts what of a part was here; what came for one that is wrong came in vain. */
  #countReused(bytes: number): void {
    this.#host.reused(bytes - this.#partBytes);
    this.#partBytes = 0;
  }

  /** Tells the sender of parts when one is wrong, the file is complete, or they are many. */
  *#tell(): Steps {
    const checked = this.#checked;
    const isDue = checked.some(({ file, isWrong }) => isWrong || file.ended);
    if (!isDue && checked.length < pieceTellingLimits.checkedCount) return;
    this.#checked = [];
    yield send("WISH_PARTS", encodeBits(checked.map(({ isWrong }) => isWrong)), "control");
  }

  *#check({ entry, dropped }: FileState, part: FilePart): Steps<boolean> {
    return dropped || ((yield { do: "check", entry, part }) as boolean);
  }

  /** A group is in place, or a part that was wrong. */
  #settle(file: FileState, unsettled: UnsettledFrame): void {
    file.openGroups -= 1;
    if (file.openGroups === 0 && file.awaits === "check") this.#end(file);
    this.#host.pay(unsettled);
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
