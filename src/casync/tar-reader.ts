import { ExactReader } from "../bytes/exact-reader.ts";
import { concatBytes } from "../bytes/compare.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { catarLimits, type CatarNode } from "./catar-node.ts";
import {
  badHeader,
  tarBlockBytes,
  tarChecksum,
  tarFields,
  tarFill,
  tarNumber,
  tarText,
  tarTypes,
} from "./tar-header.ts";

/** An entry of a tar archive: its path as it stands there. */
export interface TarEntry extends Omit<CatarNode, "depth" | "name"> {
  readonly path: Bytes;
}

/** What a tar archive is made of: content follows its entry. */
export type TarEvent =
  { readonly type: "entry"; readonly entry: TarEntry } | { readonly type: "content"; readonly bytes: Bytes };

/** What stands before an entry and counts for it. */
interface Said {
  path?: Bytes;
  target?: Bytes;
  readonly pax: Map<string, Bytes>;
}

const slash = 0x2f;
const decoder = new TextDecoder();

/**
 * Reads a tar archive as it comes: ustar, with the long names of GNU and the records of pax.
 *
 * @throws BAD_MESSAGE, TRUNCATED, LIMIT, UNSUPPORTED for hard links and what else has no content of
 *   its own
 */
export async function* readTar(source: AsyncIterable<Bytes>): AsyncGenerator<TarEvent> {
  const reader = new ExactReader(source);
  const everywhere = new Map<string, Bytes>();
  let said: Said = { pax: new Map() };
  try {
    for (;;) {
      const header = (await reader.read(tarBlockBytes)).slice();
      if (header.every((byte) => byte === 0)) return;
      if (tarNumber(header, tarFields.checksum) !== tarChecksum(header)) throw badHeader();
      const letter = String.fromCharCode(header[tarFields.type[0]]!);
      const size = tarNumber(header, tarFields.size);
      if (letter === "L") said.path = withoutNul(await readNote(reader, size));
      else if (letter === "K") said.target = withoutNul(await readNote(reader, size));
      else if (letter === "x") readRecords(await readNote(reader, size), said.pax);
      else if (letter === "g") readRecords(await readNote(reader, size), everywhere);
      else {
        const entry = entryOf(header, letter, { ...said, pax: new Map([...everywhere, ...said.pax]) });
        yield { type: "entry", entry };
        yield* contentOf(reader, entry.size);
        said = { pax: new Map() };
      }
    }
  } finally {
    await reader.close();
  }
}

/** What a header says of others; it is short. */
async function readNote(reader: ExactReader, size: number): Promise<Bytes> {
  if (size > catarLimits.catarMetadataBytes)
    throw new SyncError("LIMIT", "an entry of the archive has too much beside its content", {
      detail: { limit: catarLimits.catarMetadataBytes, actual: size },
    });
  const note = (await reader.read(size)).slice();
  await reader.read(tarFill(size));
  return note;
}

async function* contentOf(reader: ExactReader, size: number): AsyncGenerator<TarEvent> {
  for (let left = size; left > 0;) {
    const bytes = await reader.readUpTo(left);
    if (bytes.length === 0) throw new SyncError("TRUNCATED", "the archive ends within a file");
    left -= bytes.length;
    yield { type: "content", bytes };
  }
  await reader.read(tarFill(size));
}

function entryOf(header: Bytes, letter: string, said: Said): TarEntry {
  const type = tarTypes.get(letter);
  const text = (name: string): string | undefined =>
    said.pax.has(name) ? decoder.decode(said.pax.get(name)) : undefined;
  const number = (name: string, field: readonly [number, number]): number => {
    const value = text(name);
    if (value !== undefined && !/^\d{1,15}$/.test(value)) throw badHeader();
    return value === undefined ? tarNumber(header, field) : Number(value);
  };
  const path = said.pax.get("path") ?? said.path ?? pathIn(header);
  if (type === undefined || said.pax.has("GNU.sparse.major")) {
    const what =
      letter === "1"
        ? "a hard link: write it with --hard-dereference"
        : `of a kind (${letter}) that is not read`;
    throw new SyncError("UNSUPPORTED", `an entry of the tar archive is ${what}`, {
      detail: { path: decoder.decode(path) },
    });
  }
  const [user, group] = [text("uname"), text("gname")];
  const isDevice = type === "char" || type === "block";
  return {
    path,
    // What has a slash behind it was a directory for old programs, too.
    type: type === "file" && path.at(-1) === slash ? "dir" : type,
    mode: tarNumber(header, tarFields.mode) & 0o7777,
    flags: 0n,
    uid: number("uid", tarFields.uid),
    gid: number("gid", tarFields.gid),
    mtimeNs: timeOf(text("mtime")) ?? BigInt(tarNumber(header, tarFields.mtime)) * 1_000_000_000n,
    size: type === "file" ? number("size", tarFields.size) : 0,
    xattrs: xattrsIn(said.pax),
    ...(user !== undefined && { user }),
    ...(group !== undefined && { group }),
    ...(type === "symlink" && {
      target: said.pax.get("linkpath") ?? said.target ?? tarText(header, tarFields.target),
    }),
    ...(isDevice && {
      device: { major: tarNumber(header, tarFields.major), minor: tarNumber(header, tarFields.minor) },
    }),
  };
}

function pathIn(header: Bytes): Bytes {
  const name = tarText(header, tarFields.name);
  const magic = decoder.decode(header.subarray(tarFields.magic[0], tarFields.magic[0] + 6));
  const prefix = magic === "ustar\0" ? tarText(header, tarFields.prefix) : new Uint8Array(0);
  return prefix.length === 0 ? name : concatBytes([prefix, Uint8Array.of(slash), name]);
}

/** Records of pax: `LENGTH NAME=VALUE` and a line feed each. @throws BAD_MESSAGE */
function readRecords(bytes: Bytes, into: Map<string, Bytes>): void {
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(decoder.decode(bytes.subarray(at, Math.max(at, space))));
    const equals = bytes.indexOf(0x3d, space);
    const end = at + length;
    if (space < 0 || !Number.isInteger(length) || equals < 0 || equals >= end || end > bytes.length)
      throw badHeader();
    into.set(decoder.decode(bytes.subarray(space + 1, equals)), bytes.slice(equals + 1, end - 1));
    at = end;
  }
}

const xattrPrefix = "SCHILY.xattr.";

function xattrsIn(pax: ReadonlyMap<string, Bytes>): CatarNode["xattrs"] {
  return [...pax]
    .filter(([name]) => /^SCHILY\.xattr\.(?:user|trusted)\./.test(name))
    .map(([name, value]) => ({ name: new TextEncoder().encode(name.slice(xattrPrefix.length)), value }))
    .sort((a, b) => (decoder.decode(a.name) < decoder.decode(b.name) ? -1 : 1));
}

/** Seconds with a fraction as nanoseconds. */
function timeOf(text: string | undefined): bigint | undefined {
  const [, sign, seconds, fraction = ""] = /^(-?)(\d{1,12})(?:\.(\d+))?$/.exec(text ?? "") ?? [];
  if (seconds === undefined) return undefined;
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return sign === "-" ? -ns : ns;
}

function withoutNul(bytes: Bytes): Bytes {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}
