import { decodeByteText } from "../bytes/byte-text.ts";
import { byteStringOf, bytesOfString } from "../bytes/byte-string.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { checkName } from "./catar-names.ts";
import type { CatarNode } from "./catar-node.ts";
import { CatarWriter } from "./catar-writer.ts";
import { keepFeatures } from "./keep-features.ts";
import { readTar, type TarEntry } from "./tar-reader.ts";

export interface TarToCatarOptions {
  /** True to put a directory around all entries; otherwise the first is the root, a directory. */
  readonly addsRoot?: boolean;
  /** True to give every entry the time 0. */
  readonly omitsTimes?: boolean;
}

const rootEntry: Omit<TarEntry, "path"> = {
  type: "dir",
  mode: 0o755,
  flags: 0n,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
  size: 0,
  xattrs: [],
};

/**
 * The archive of casync that has the entries of a tar archive, in its order.
 *
 * @throws BAD_MESSAGE for an entry whose directory is not the one that was written last, or is
 *   missing, and for one that is there already; PATH for one that leads elsewhere; and what
 *   reading throws
 */
export async function* catarOfTar(
  source: AsyncIterable<Bytes>,
  features: bigint,
  options: TarToCatarOptions = {},
): AsyncGenerator<Bytes> {
  const writer = new CatarWriter(features);
  /** Names of the directories that are open below the root. */
  const open: string[] = [];
  /** What the root and each of these has so far. */
  const taken: Set<string>[] = [new Set()];
  /** What all paths begin with, once the root is there. */
  let root: readonly string[] | undefined;
  let isLeftOut = false;

  const nodeOf = ({ path: _path, ...entry }: TarEntry, depth: number, name: Bytes): CatarNode | undefined => {
    const node = { ...entry, depth, name, ...(options.omitsTimes === true && { mtimeNs: 0n }) };
    return keepFeatures(node, features);
  };

  function* take(entry: TarEntry): Generator<Bytes> {
    const path = partsOf(entry.path);
    if (root === undefined) {
      root = options.addsRoot === true ? [] : path;
      if (options.addsRoot !== true && entry.type !== "dir")
        throw outOfPlace(entry, "has no directory around it");
      const first = options.addsRoot === true ? { ...rootEntry, path: entry.path } : entry;
      yield writer.enter(nodeOf(first, 0, new Uint8Array(0))!);
      if (options.addsRoot !== true) return;
    }
    const names = path.slice(root.length);
    const isBelow = root.every((name, i) => name === path[i]);
    if (!isBelow) throw outOfPlace(entry, "is not below the first one");
    if (names.length === 0) return; // `./` in an archive that gets a root of its own
    const common = names.slice(0, -1);
    while (open.length > common.length || open.some((name, i) => name !== common[i])) {
      open.pop();
      taken.pop();
      yield writer.leave();
    }
    if (open.length < common.length) throw outOfPlace(entry, "does not stand behind its directory");
    const name = checkName(bytesOfString(names.at(-1)!));
    if (taken.at(-1)!.has(names.at(-1)!)) throw outOfPlace(entry, "is there already");
    taken.at(-1)!.add(names.at(-1)!);
    const node = nodeOf(entry, names.length, name);
    isLeftOut = node === undefined;
    if (node === undefined) return;
    yield writer.enter(node);
    if (entry.type !== "dir") return;
    open.push(names.at(-1)!);
    taken.push(new Set());
  }

  for await (const event of readTar(source)) {
    if (event.type === "entry") yield* take(event.entry);
    else if (!isLeftOut) yield event.bytes;
  }
  if (root === undefined) throw new SyncError("BAD_MESSAGE", "the tar archive is empty");
  for (let depth = open.length; depth >= 0; depth--) yield writer.leave();
}

/** The names of a path, a character for each byte, without those that mean nothing. */
function partsOf(path: Bytes): string[] {
  return byteStringOf(path)
    .split("/")
    .filter((name) => name !== "" && name !== ".");
}

function outOfPlace({ path }: TarEntry, what: string): SyncError {
  return new SyncError("BAD_MESSAGE", `an entry of the tar archive ${what}`, {
    detail: { path: decodeByteText(path) },
  });
}
