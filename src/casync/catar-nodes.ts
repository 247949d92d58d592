import { concatBytes, equalBytes } from "../bytes/compare.ts";
import { NumberColumn } from "../bytes/number-column.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import type { AnyContent } from "./blob-reader.ts";
import { modeOfType } from "./catar-node.ts";
import { type CatarMember, readCatarMember } from "./catar-reader.ts";
import { recordHeaderBytes } from "./catar-records.ts";
import { goodbyeBytes, goodbyeItemBytes, goodbyeMarker, goodbyeType } from "./goodbye.ts";
import { hashName } from "./siphash.ts";
import { readSize, readWord, viewOf } from "./words.ts";

/** What is known of an entry without asking the archive again. */
export interface CatarFacts {
  /** Type and permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  /** Bytes of a file, or of what a symlink holds. */
  readonly sizeBytes: number;
  readonly device: { readonly major: number; readonly minor: number };
}

/** Limits of archives that are read in any order. */
export const catarTableLimits = Object.freeze({
  /** Bytes of the table at the end of a directory. */
  catarTableBytes: 134_217_728,
});

/** A member of a directory, as the table at its end has it. */
interface Item {
  readonly start: number;
  readonly size: number;
  readonly hashLow: number;
  readonly hashHigh: number;
}

const nsPerSecond = 1_000_000_000n;
/** What is read of an entry at first; most take less. */
const headBytes = 512;
const rootNumber = 0;

/**
 * An archive of which any entry can be read: entries by their numbers, of which 0 is the root. Each
 * directory is looked up in the table at its end when it is needed, and each entry read when it is
 * asked for. What is known of an entry takes some 80 bytes; names are not kept.
 */
export class CatarNodes {
  readonly #content: AnyContent;
  readonly #opening = new Map<number, Promise<void>>();
  /** A row for each entry that some table named. */
  readonly #rows = {
    start: new NumberColumn(new Float64Array(64)),
    size: new NumberColumn(new Float64Array(64)),
    hashLow: new NumberColumn(new Uint32Array(64)),
    hashHigh: new NumberColumn(new Uint32Array(64)),
    /** The number of the first member of a directory; 0 while its table is not read. */
    firstMember: new NumberColumn(new Uint32Array(64)),
    memberCount: new NumberColumn(new Uint32Array(64)),
    /** Type and permissions; 0 while the entry is not read. */
    mode: new NumberColumn(new Uint32Array(64)),
    uid: new NumberColumn(new Uint32Array(64)),
    gid: new NumberColumn(new Uint32Array(64)),
    mtimeSec: new NumberColumn(new Float64Array(64)),
    mtimeNsec: new NumberColumn(new Uint32Array(64)),
    bodyAt: new NumberColumn(new Float64Array(64)),
    bodyBytes: new NumberColumn(new Float64Array(64)),
    major: new NumberColumn(new Uint32Array(64)),
    minor: new NumberColumn(new Uint32Array(64)),
  };
  #features = 0n;

  private constructor(content: AnyContent) {
    this.#content = content;
  }

  /** @throws BAD_MESSAGE for what is no archive, or has no tables; TRUNCATED, UNSUPPORTED */
  static async open(content: AnyContent): Promise<CatarNodes> {
    const nodes = new CatarNodes(content);
    const root = await readCatarMember(nodes.#from(0));
    nodes.#features = root.features;
    nodes.#add({ start: 0, size: content.sizeBytes, hashLow: 0, hashHigh: 0 });
    nodes.#keep(rootNumber, root);
    await nodes.#members(rootNumber);
    return nodes;
  }

  /** What the archive keeps of its tree. */
  get features(): bigint {
    return this.#features;
  }

  /** Entries that are known by now. */
  get count(): number {
    return this.#rows.start.count;
  }

  /** @throws BAD_MESSAGE, and what the content throws */
  async facts(number: number): Promise<CatarFacts> {
    if (this.#rows.mode.get(number) === 0) await this.member(number);
    const row = this.#rows;
    return {
      mode: row.mode.get(number),
      uid: row.uid.get(number),
      gid: row.gid.get(number),
      mtimeSec: row.mtimeSec.get(number),
      mtimeNsec: row.mtimeNsec.get(number),
      sizeBytes: row.bodyBytes.get(number),
      device: { major: row.major.get(number), minor: row.minor.get(number) },
    };
  }

  /** All that the archive has of an entry, read anew. @throws BAD_MESSAGE */
  async member(number: number): Promise<CatarMember> {
    if (!(number < this.count)) throw new SyncError("USAGE", `the archive has no entry ${number}`);
    const start = this.#rows.start.get(number);
    const member = await readCatarMember(
      this.#from(start),
      number === rootNumber ? undefined : this.#features,
    );
    if (this.#rows.mode.get(number) === 0) this.#keep(number, member);
    return member;
  }

  /** Where the content of a file lies in the archive, once its facts were asked for. */
  body(number: number): { readonly offset: number; readonly size: number } {
    return { offset: this.#rows.bodyAt.get(number), size: this.#rows.bodyBytes.get(number) };
  }

  /** The numbers of the entries of a directory, in the order of the archive. @throws BAD_MESSAGE */
  async members(number: number): Promise<{ readonly first: number; readonly count: number }> {
    await this.#members(number);
    return { first: this.#rows.firstMember.get(number), count: this.#rows.memberCount.get(number) };
  }

  /** The entry of a directory with a name; undefined when there is none. @throws BAD_MESSAGE */
  async find(parent: number, name: Bytes): Promise<number | undefined> {
    const { first, count } = await this.members(parent);
    const hash = hashName(name);
    const [low, high] = [Number(hash & 0xffff_ffffn), Number(hash >> 32n)];
    for (let number = first; number < first + count; number++) {
      if (this.#rows.hashLow.get(number) !== low || this.#rows.hashHigh.get(number) !== high) continue;
      if (equalBytes((await this.member(number)).node.name, name)) return number;
    }
    return undefined;
  }

  #add(item: Item): void {
    for (const [name, column] of Object.entries(this.#rows)) column.push(item[name as keyof Item] ?? 0);
  }

  #keep(number: number, { node, bodyAt }: CatarMember): void {
    const row = this.#rows;
    if (node.type === "file" && bodyAt + node.size > row.size.get(number)) throw bad(row.start.get(number));
    const nsec = ((node.mtimeNs % nsPerSecond) + nsPerSecond) % nsPerSecond;
    row.mode.set(number, Number(modeOfType(node.type)) | node.mode);
    row.uid.set(number, node.uid);
    row.gid.set(number, node.gid);
    row.mtimeSec.set(number, Number((node.mtimeNs - nsec) / nsPerSecond));
    row.mtimeNsec.set(number, Number(nsec));
    row.bodyAt.set(number, row.start.get(number) + bodyAt);
    row.bodyBytes.set(number, node.target?.length ?? node.size);
    row.major.set(number, node.device?.major ?? 0);
    row.minor.set(number, node.device?.minor ?? 0);
  }

  async #members(number: number): Promise<void> {
    if (this.#rows.firstMember.get(number) !== 0) return;
    let opening = this.#opening.get(number);
    if (opening === undefined) {
      opening = this.#readTable(number).finally(() => this.#opening.delete(number));
      this.#opening.set(number, opening);
    }
    await opening;
  }

  async #readTable(number: number): Promise<void> {
    const { node, bodyAt } = await this.member(number);
    if (node.type !== "dir") throw new SyncError("USAGE", `entry ${number} of the archive is no directory`);
    const start = this.#rows.start.get(number);
    const end = start + this.#rows.size.get(number);
    const entryAt = number === rootNumber ? 0 : start + recordHeaderBytes + node.name.length + 1;
    const items = await this.#items(start + bodyAt, end, entryAt);
    const first = this.count;
    items.forEach((item) => this.#add(item));
    this.#rows.memberCount.set(number, items.length);
    this.#rows.firstMember.set(number, first);
  }

  /** The members of a directory in their order, checked to lie one behind the other. */
  async #items(from: number, end: number, entryAt: number): Promise<readonly Item[]> {
    const tail = viewOf(await this.#bytes(end - goodbyeItemBytes, goodbyeItemBytes));
    // What is no tail has no sizes either.
    if (readWord(tail, 16) !== goodbyeMarker) throw bad(end);
    const tableBytes = readSize(tail, 8);
    const at = end - tableBytes;
    const count = (tableBytes - goodbyeBytes(0)) / goodbyeItemBytes;
    const limit = catarTableLimits.catarTableBytes;
    if (at < from || readSize(tail, 0) !== at - entryAt) throw bad(end);
    if (!Number.isInteger(count) || count < 0) throw bad(end);
    if (tableBytes > limit)
      throw new SyncError("LIMIT", "a directory of the archive has too many entries", {
        detail: { limit, actual: tableBytes, offset: at },
      });
    const table = viewOf(await this.#bytes(at, tableBytes));
    if (readSize(table, 0) !== tableBytes || readWord(table, 8) !== goodbyeType) throw bad(at);
    const items = Array.from({ length: count }, (_, i) => itemOf(table, at, i)).sort(
      (one, other) => one.start - other.start,
    );
    let next = from;
    for (const { start, size } of items) {
      if (start !== next || size < recordHeaderBytes) throw bad(at);
      next += size;
    }
    if (next !== at) throw bad(at);
    return items;
  }

  async #bytes(offset: number, size: number): Promise<Bytes> {
    const bytes = offset < 0 ? new Uint8Array(0) : concatBytes(await this.#content.read(offset, size));
    if (bytes.length === size) return bytes;
    throw new SyncError("TRUNCATED", "the archive ends in the middle", { detail: { offset } });
  }

  async *#from(offset: number): AsyncGenerator<Bytes> {
    for (let at = offset, size = headBytes; ; size *= 2) {
      const parts = await this.#content.read(at, size);
      if (parts.length === 0) return;
      yield* parts;
      at += size;
    }
  }
}

function itemOf(table: DataView, at: number, number: number): Item {
  const from = recordHeaderBytes + number * goodbyeItemBytes;
  return {
    start: at - readSize(table, from),
    size: readSize(table, from + 8),
    hashLow: table.getUint32(from + 16, true),
    hashHigh: table.getUint32(from + 20, true),
  };
}

function bad(offset: number): SyncError {
  return new SyncError("BAD_MESSAGE", "the table at the end of a directory of the archive is wrong", {
    detail: { offset },
  });
}
