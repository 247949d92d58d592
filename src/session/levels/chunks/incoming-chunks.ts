import { idBytes } from "../../../chunk/chunk.ts";
import type { ChunkId } from "../../../chunk/chunk.ts";
import { type ChunkDigest, sha256Digest } from "../../../chunk/digest.ts";
import { verifyChunk } from "../../../chunk/verify.ts";
import { SyncError } from "../../../errors.ts";
import type { ListedChunks, Placement } from "../../../tree/target.ts";
import type { Bytes } from "../../../types.ts";
import { decodeCounts } from "../../closing.ts";
import { checkLength, type FileState, type Place, placesFor, sizesToCome } from "../../file-state.ts";
import type { UnsettledFrame } from "../../ledger.ts";
import { send } from "../../receiver-effect.ts";
import { encodeBits } from "../../wishes.ts";
import type { LevelHost, Steps } from "../level-host.ts";
import { type ChunkGroup, decodeChunkGroups } from "./chunk-groups.ts";
import { ComingChunks, type Expected } from "./coming-chunks.ts";

/** A group of a file's list. */
interface List {
  readonly group: ChunkGroup;
  readonly file: FileState;
  /** Where it starts in the file, in bytes. */
  readonly offset: number;
  /** What the target said of it; undefined where it was not asked, as about a file given up. */
  here: Uint8Array | undefined;
}

/**
 * The receiver's half of the chunks level: has those put in place that are here, wishes for the
 * others, and verifies each that comes.
 */
export class IncomingChunks {
  readonly #host: LevelHost;
  #digest = sha256Digest;
  #maxChunkBytes = 0;
  readonly #coming = new ComingChunks<Place>();

  constructor(host: LevelHost) {
    this.#host = host;
  }

  /** Both ends were heard: what ids are, and how long chunks may be. */
  begin(digest: ChunkDigest, maxChunkBytes: number): void {
    this.#digest = digest;
    this.#maxChunkBytes = maxChunkBytes;
  }

  /** Lists of chunks: answers those that are questions. */
  *take(payload: Bytes, unsettled: UnsettledFrame): Steps {
    // Its ids are kept until the content comes.
    const groups = decodeChunkGroups(payload.slice(), this.#maxChunkBytes, this.#digest.sizeBytes);
    const lists = groups.map((group) => this.#note(group));
    const asked = lists.filter(({ group, file }) => !group.pushed && !file.dropped && group.sizes.length > 0);
    const answers = yield* this.#place(asked.map(chunksOf));
    for (const [i, list] of asked.entries()) list.here = answers[i];
    const wishes: boolean[] = [];
    for (const list of lists) {
      const { pushed, end } = list.group;
      if (pushed) {
        const here = this.#takePushed(list, pushed, unsettled);
        if (here) yield* this.#requireAll(list.file, here);
      } else this.#takeQuestions(list, unsettled, wishes);
      if (end === undefined) continue;
      if (end !== "complete") yield* this.#host.giveUp(list.file, end, "the sender could not read it");
      if (list.file.missing === 0) this.#host.finished(list.file);
    }
    if (wishes.length > 0) yield send("WISH_CHUNKS", encodeBits(wishes), "control");
  }

  /** Checks a group and takes in what it says, before anything of it is looked for or asked for. */
  #note(group: ChunkGroup): List {
    const file = this.#host.file(group.entry);
    if (file.awaits !== (group.pushed ? "pushed" : "asked"))
      throw new SyncError("BAD_MESSAGE", "a chunk list of the wrong kind");
    const size = totalOf(group.sizes);
    checkLength(file, size);
    if (!file.isFilled) this.#host.fill(file, sizesToCome(group, file));
    const offset = file.listed;
    this.#host.told(file, size);
    file.listed += size;
    file.ended = group.end !== undefined;
    if (file.ended) this.#host.ended(file);
    return { group, file, offset, here: undefined };
  }

  /** Wishes for what is not here. */
  #takeQuestions({ group, file, offset, here }: List, unsettled: UnsettledFrame, wishes: boolean[]): void {
    let at = offset;
    for (const [i, size] of group.sizes.entries()) {
      const id = idAt(group, i);
      if (here?.[i] === 1) this.#host.reused(size);
      wishes.push(here?.[i] === 0 && !file.dropped && this.#wish(id, size, { file, offset: at, unsettled }));
      at += size;
    }
  }

  /**
   * Books what will be pushed. Returns what will not, and is not on its way either: it must be
   * here.
   */
  #takePushed(
    { group, file, offset }: List,
    pushed: readonly boolean[],
    unsettled: UnsettledFrame,
  ): ListedChunks[] | undefined {
    let here: ListedChunks[] | undefined;
    let at = offset;
    for (let i = 0; i < pushed.length; i++) {
      const size = group.sizes[i]!;
      const id = idAt(group, i);
      if (pushed[i] === true) this.#expect("pushed", id, size, { file, offset: at, unsettled });
      else if (!file.dropped && !this.#join(id, size, { file, offset: at, unsettled }))
        (here ??= []).push({ entry: file.entry, offset: at, ids: id, sizes: [size] });
      at += size;
    }
    return here;
  }

  *#place(lists: readonly ListedChunks[]): Steps<readonly Uint8Array[]> {
    return lists.length === 0 ? [] : ((yield { do: "place", lists }) as readonly Uint8Array[]);
  }

  /** Puts in place what the sender says is here; a file for which it is not is given up. */
  *#requireAll(file: FileState, lists: readonly ListedChunks[]): Steps {
    const answers = yield* this.#place(lists);
    if (answers.some((answer) => answer[0] !== 1))
      return yield* this.#host.giveUp(file, "CHUNK_MISSING", "a chunk that should be here is not");
    for (const { sizes } of lists) this.#host.reused(totalOf(sizes));
  }

  /** True when the chunk has to be asked for; one that is on its way is waited for. */
  #wish(id: ChunkId, size: number, place: Place): boolean {
    if (this.#join(id, size, place)) return false;
    this.#expect("wished", id, size, place);
    return true;
  }

  #join(id: ChunkId, size: number, place: Place): boolean {
    if (!this.#coming.join(id, size, place)) return false;
    this.#owe(place);
    return true;
  }

  #expect(lane: "wished" | "pushed", id: ChunkId, size: number, place: Place): void {
    this.#coming.expect(lane, id, size, place);
    this.#owe(place);
  }

  #owe({ file, unsettled }: Place): void {
    file.missing += 1;
    unsettled.open += 1;
  }

  *takeContent(payload: Bytes, lane: "wished" | "pushed"): Steps {
    const placements: Placement[] = [];
    const arrived: Expected<Place>[] = [];
    let at = 0;
    while (at < payload.length) {
      const expected = this.#coming.take(lane);
      if (expected === undefined) throw new SyncError("UNSOLICITED", "content that nobody asked for");
      if (at + expected.size > payload.length) throw new SyncError("BAD_FRAME", "a chunk is cut off");
      const bytes = payload.subarray(at, at + expected.size);
      const chunk = verifyChunk(expected.id, bytes, this.#digest, expected.key);
      at += expected.size;
      arrived.push(expected);
      const { place, others } = expected;
      if (others === undefined) placements.push({ entry: place.file.entry, offset: place.offset, chunk });
      else
        for (const { file, offset } of placesFor(expected))
          placements.push({ entry: file.entry, offset, chunk });
    }
    this.#host.received(payload.length);
    if (placements.length > 0) yield { do: "write", placements };
    for (const expected of arrived) {
      if (expected.others) this.#host.reused(expected.others.length * expected.size);
      this.#settlePlaces(expected);
    }
  }

  /** The sender cannot deliver chunks that were asked for: their files stay as they were. */
  *skip(payload: Bytes): Steps {
    const [count = 0] = decodeCounts(payload, 1);
    if (count > this.#coming.wishedCount)
      throw new SyncError("UNSOLICITED", "the sender skips what nobody asked for");
    for (let i = 0; i < count; i++) {
      const expected = this.#coming.take("wished");
      if (expected === undefined) return;
      for (const { file } of [expected.place, ...(expected.others ?? [])])
        yield* this.#host.giveUp(file, "CHANGED", "it changed at the sender");
      this.#settlePlaces(expected);
    }
  }

  #settlePlaces({ place, others }: Expected<Place>): void {
    this.#settle(place);
    if (others) for (const other of others) this.#settle(other);
  }

  #settle({ file, unsettled }: Place): void {
    file.missing -= 1;
    this.#host.pay(unsettled);
    if (file.ended && file.missing === 0) this.#host.finished(file);
  }
}

/** The id of a chunk of a group, as a view. */
function idAt({ ids, sizes }: ChunkGroup, index: number): ChunkId {
  return sizes.length === 1 ? ids : ids.subarray(index * idBytes, (index + 1) * idBytes);
}

function totalOf(sizes: readonly number[]): number {
  let total = 0;
  for (const size of sizes) total += size;
  return total;
}

function chunksOf({ group: { entry, ids, sizes }, offset }: List): ListedChunks {
  return { entry, offset, ids, sizes };
}
