import { ExactReader } from "../bytes/exact-reader.ts";
import { SyncError } from "../errors.ts";
import { noOwner } from "../tree/entry/facts.ts";
import type { Bytes } from "../types.ts";
import { readBeginning } from "./beginning.ts";
import { checkName } from "./catar-names.ts";
import { type CatarEvent, catarLimits, type CatarNode, typeOfMode } from "./catar-node.ts";
import { type CatarMetadata, emptyMetadata, takeMetadata } from "./catar-metadata.ts";
import { recordHeaderBytes, recordTypes as t } from "./catar-records.ts";
import { checkFeatures } from "./features.ts";
import { goodbyeBytes, goodbyeItemBytes, goodbyeMarker, goodbyeType } from "./goodbye.ts";
import { readSize, readWord, viewOf } from "./words.ts";

/** An archive that is being read. */
export interface CatarReading {
  /** What the archive keeps of its tree. */
  readonly features: bigint;
  /**
   * All entries, content and ends of directories in order; read once. Content that is not taken is
   * passed over. What is held in memory does not grow with the archive, but with the depth.
   *
   * @throws BAD_MESSAGE for what no archive has, PATH for names that lead elsewhere, TRUNCATED,
   *   LIMIT
   */
  readonly events: AsyncIterable<CatarEvent>;
  /** Ends the source. May be called twice. */
  close(): Promise<void>;
}

/** A record as far as it is read: its body follows. */
interface Head {
  readonly at: number;
  readonly type: bigint;
  /** Bytes of the body. */
  readonly size: number;
}

/** The part of a node that its ENTRY record has. */
type EntryFields = Pick<CatarNode, "type" | "mode" | "flags" | "uid" | "gid" | "mtimeNs">;

const entryBodyBytes = 48;
const contentBlockBytes = 65_536;
const noTime = 0xffffffffffffffffn;

/**
 * Reads an archive of casync as it comes. What stands behind the end of its root is not looked at.
 *
 * @throws BAD_MESSAGE when it is none, TRUNCATED, UNSUPPORTED for features that are not known
 */
export async function readCatar(source: AsyncIterable<Bytes>): Promise<CatarReading> {
  const decoder = new Decoder(new ExactReader(source));
  try {
    const features = await decoder.open();
    return { features, events: decoder.events(), close: () => decoder.close() };
  } catch (thrown) {
    await decoder.close();
    throw thrown;
  }
}

/** One entry of an archive, and where what is in it begins. */
export interface CatarMember {
  readonly node: CatarNode;
  /** Bytes from the first of its records to its content, or to the first entry of a directory. */
  readonly bodyAt: number;
}

/**
 * Reads one entry by itself, but nothing of what is in it.
 *
 * @param source the archive from the name of the entry on, or from its beginning on for the root
 * @param features of the archive; undefined for the root, which says them
 * @throws as `readCatar`
 */
export async function readCatarMember(
  source: AsyncIterable<Bytes>,
  features?: bigint,
): Promise<CatarMember & { readonly features: bigint }> {
  const decoder = new Decoder(new ExactReader(source));
  try {
    return await decoder.member(features);
  } finally {
    await decoder.close();
  }
}

class Decoder {
  readonly #reader: ExactReader;
  #at = 0;
  #features = 0n;
  #entry: EntryFields | undefined;
  /** Where the ENTRY of each open directory stands, and how many members it has so far. */
  readonly #open: { readonly entryAt: number; members: number }[] = [];

  constructor(reader: ExactReader) {
    this.#reader = reader;
  }

  async open(): Promise<bigint> {
    const head = viewOf(await readBeginning(this.#reader, recordHeaderBytes, "an archive of casync"));
    this.#at += recordHeaderBytes;
    const isEntry = readWord(head, 8) === t.entry;
    if (!isEntry || readWord(head, 0) !== BigInt(recordHeaderBytes + entryBodyBytes))
      throw new SyncError("BAD_MESSAGE", "this is not an archive of casync");
    const body = await this.#take(entryBodyBytes);
    this.#features = checkFeatures(readWord(viewOf(body), 0));
    this.#entry = this.#readEntry(body);
    if (this.#entry.type !== "dir") throw this.#bad("the root of the archive is no directory");
    return this.#features;
  }

  async member(features: bigint | undefined): Promise<CatarMember & { readonly features: bigint }> {
    let name: Bytes = new Uint8Array(0);
    if (features === undefined) await this.open();
    else {
      this.#features = features;
      name = await this.#filename(await this.#head());
      this.#entry = await this.#nextEntry();
    }
    const nodes = this.#node(name, this.#entry!, 0);
    const { value } = (await nodes.next()) as IteratorResult<CatarEvent & { type: "node" }, never>;
    // Of a directory the record behind it was looked at.
    const isAhead = value.node.type === "dir";
    return {
      node: value.node,
      bodyAt: this.#at - (isAhead ? recordHeaderBytes : 0),
      features: this.#features,
    };
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  async *events(): AsyncGenerator<CatarEvent> {
    let name: Bytes = new Uint8Array(0);
    let entryAt = 0;
    let fields = this.#entry!;
    for (;;) {
      let head = yield* this.#node(name, fields, entryAt);
      while (head.type === goodbyeType) {
        await this.#goodbye(head);
        yield { type: "leave" };
        if (this.#open.length === 0) return;
        head = await this.#head();
      }
      name = await this.#filename(head);
      this.#open.at(-1)!.members++;
      entryAt = this.#at;
      fields = await this.#nextEntry();
    }
  }

  async #nextEntry(): Promise<EntryFields> {
    const head = await this.#head();
    if (head.type !== t.entry || head.size !== entryBodyBytes) throw this.#bad("a name has no entry", head);
    return this.#readEntry(await this.#take(head.size));
  }

  /** One node with its content; returns the first record behind it. */
  async *#node(name: Bytes, fields: EntryFields, entryAt: number): AsyncGenerator<CatarEvent, Head> {
    const depth = this.#open.length;
    const { metadata, next } = await this.#metadata();
    const node = { ...fields, ...metadata, depth, name, size: 0 };
    switch (fields.type) {
      case "dir":
        this.#push(entryAt);
        yield { type: "node", node };
        return next;
      case "file":
        if (next.type !== t.payload) throw this.#bad("a file has no content", next);
        yield { type: "node", node: { ...node, size: next.size } };
        yield* this.#content(next.size);
        return this.#head();
      case "symlink":
        yield { type: "node", node: { ...node, target: await this.#target(next, fields) } };
        return this.#head();
      case "char":
      case "block":
        yield { type: "node", node: { ...node, device: await this.#device(next) } };
        return this.#head();
      default:
        yield { type: "node", node };
        return next;
    }
  }

  #push(entryAt: number): void {
    const limit = catarLimits.catarDepthCount;
    if (this.#open.length >= limit)
      throw new SyncError("LIMIT", "directories of the archive are too deep within each other", {
        detail: { limit, offset: this.#at },
      });
    this.#open.push({ entryAt, members: 0 });
  }

  async #metadata(): Promise<{ metadata: CatarMetadata; next: Head }> {
    let metadata = emptyMetadata;
    const { catarMetadataBytes: maxBytes, catarMetadataCount: maxCount } = catarLimits;
    let byteCount = 0;
    let rank = 0;
    for (let count = 1; ; count++) {
      const next = await this.#head();
      if (!isMetadata(next.type)) return { metadata, next };
      byteCount += next.size;
      if (byteCount > maxBytes || count > maxCount)
        throw new SyncError("LIMIT", "an entry of the archive has too much beside its content", {
          detail: { limit: byteCount > maxBytes ? maxBytes : maxCount, offset: next.at },
        });
      const now = metadataOrder.indexOf(next.type);
      if (now < rank) throw this.#bad("what belongs to an entry is out of order", next);
      rank = now;
      metadata = takeMetadata(metadata, next.type, await this.#take(next.size), next.at);
    }
  }

  async *#content(size: number): AsyncGenerator<CatarEvent> {
    for (let left = size; left > 0;) {
      const bytes = await this.#reader.readUpTo(Math.min(left, contentBlockBytes));
      if (bytes.length === 0) throw truncated(this.#at);
      left -= bytes.length;
      this.#at += bytes.length;
      yield { type: "content", bytes };
    }
  }

  async #target(head: Head, { mode }: EntryFields): Promise<Bytes> {
    const isTarget = head.type === t.symlink && head.size <= catarLimits.catarTargetBytes;
    if (!isTarget || mode !== 0o777) throw this.#bad("a symlink of the archive is none", head);
    const target = withoutNul(await this.#take(head.size));
    if (target === undefined || target.length === 0)
      throw this.#bad("a symlink of the archive leads nowhere", head);
    return target;
  }

  async #device(head: Head): Promise<{ major: number; minor: number }> {
    if (head.type !== t.device || head.size !== 16) throw this.#bad("a device has no numbers", head);
    const view = viewOf(await this.#take(head.size));
    const [major, minor] = [readSize(view, 0), readSize(view, 8)];
    if (major >= 4096 || minor >= 2 ** 20) throw this.#bad("a device has illegal numbers", head);
    return { major, minor };
  }

  async #filename(head: Head): Promise<Bytes> {
    if (head.type !== t.filename) throw this.#bad("a record is out of place", head);
    if (head.size > catarLimits.catarNameBytes + 1)
      throw new SyncError("PATH", "a name in the archive is too long", { detail: { offset: head.at } });
    const name = withoutNul(await this.#take(head.size));
    if (name === undefined) throw this.#bad("a name does not end in NUL", head);
    return checkName(name);
  }

  async #goodbye(head: Head): Promise<void> {
    const { entryAt, members } = this.#open.pop()!;
    if (head.size + recordHeaderBytes !== goodbyeBytes(members))
      throw this.#bad("the end of a directory does not fit its members", head);
    // The items serve to look names up; who reads from front to back does not need them.
    for (let left = head.size - goodbyeItemBytes; left > 0;)
      left -= (await this.#take(Math.min(left, contentBlockBytes))).length;
    const tail = viewOf(await this.#take(goodbyeItemBytes));
    const fits =
      readSize(tail, 0) === head.at - entryAt &&
      readSize(tail, 8) === head.size + recordHeaderBytes &&
      readWord(tail, 16) === goodbyeMarker;
    if (!fits) throw this.#bad("a directory has no right end", head);
  }

  #readEntry(body: Bytes): EntryFields {
    const view = viewOf(body);
    const [mode, uid, gid] = [8, 24, 32].map((at) => readWord(view, at)) as [bigint, bigint, bigint];
    const type = typeOfMode(mode);
    const mtime = readWord(view, 40);
    if (readWord(view, 0) !== this.#features) throw this.#bad("entries of the archive differ in features");
    if (type === undefined || uid >= noOwner || gid >= noOwner || mtime === noTime)
      throw this.#bad("an entry of the archive has illegal values");
    return {
      type,
      mode: Number(mode & 0o7777n),
      flags: readWord(view, 16),
      uid: Number(uid),
      gid: Number(gid),
      mtimeNs: BigInt.asIntN(64, mtime),
    };
  }

  async #head(): Promise<Head> {
    const at = this.#at;
    const view = viewOf(await this.#take(recordHeaderBytes));
    const size = readSize(view, 0);
    if (size < recordHeaderBytes) throw this.#bad("a record is too short");
    return { at, type: readWord(view, 8), size: size - recordHeaderBytes };
  }

  async #take(count: number): Promise<Bytes> {
    const bytes = await this.#reader.read(count);
    this.#at += count;
    return bytes;
  }

  #bad(message: string, { at }: { readonly at: number } = { at: this.#at }): SyncError {
    return new SyncError("BAD_MESSAGE", message, { detail: { offset: at } });
  }
}

/** The records between an ENTRY and what it has in it, in their order. */
const metadataOrder: readonly bigint[] = [
  t.user,
  t.group,
  t.xattr,
  t.aclUser,
  t.aclGroup,
  t.aclGroupObject,
  t.aclDefault,
  t.aclDefaultUser,
  t.aclDefaultGroup,
  t.selinux,
  t.fcaps,
  t.quotaProjid,
];

const isMetadata = (type: bigint): boolean => metadataOrder.includes(type);

function withoutNul(bytes: Bytes): Bytes | undefined {
  const end = bytes.indexOf(0);
  return end === bytes.length - 1 && end >= 0 ? bytes.slice(0, end) : undefined;
}

function truncated(offset: number): SyncError {
  return new SyncError("TRUNCATED", "the archive ends in the middle of a file", { detail: { offset } });
}
