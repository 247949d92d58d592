import { opendir } from "node:fs/promises";
import { closingInTheEnd } from "../bytes/closing.ts";
import { type ByteString, fromByteString, type PlacePath } from "../tree/disk/calls/byte-string.node.ts";
import { HeldDirs } from "../tree/disk/calls/held-dirs.node.ts";
import { stagingName } from "../tree/entry/staging-name.ts";
import {
  listingLimits,
  sharedKindOf,
  type SharedName,
  type SharedNames,
} from "../tree/entry/shared-names.ts";

/** Names read at a time; Deno has no number of its own. */
const readAheadCount = 32;

/**
 * Lists names of a directory, ascending by their bytes. Memory holds those of one answer, however
 * many there are.
 *
 * @param place a link at its end is not followed
 * @param after the name that the last answer ended with, empty for the first one
 * @throws what the system says
 */
export async function listNames(place: PlacePath, after: ByteString): Promise<SharedNames> {
  const dir = new HeldDirs(place, false);
  const list = async (): Promise<SharedNames> => {
    const { listedNameCount } = listingLimits;
    const found = await firstNames(dir, after, listedNameCount + 1);
    const listed = found.slice(0, listedNameCount);
    const names = listed.flatMap((name) => describe(dir, name) ?? []);
    const last = found.length > listedNameCount ? listed.at(-1) : undefined;
    return { names, ...(last !== undefined && { next: Buffer.from(last, "latin1").toString("hex") }) };
  };
  return closingInTheEnd(list, async () => dir.close());
}

async function firstNames(dir: HeldDirs, after: ByteString, count: number): Promise<ByteString[]> {
  let names: ByteString[] = [];
  const sift = (): void => void (names = names.sort().slice(0, count));
  // Node hands the encoding of names on to the system's own call, which knows latin1.
  const options = { encoding: "latin1" as BufferEncoding, bufferSize: readAheadCount };
  for await (const { name } of await opendir(dir.pathTo(dir.root) as string, options)) {
    if (name <= after || name === stagingName) continue;
    names.push(name);
    if (names.length >= 2 * count) sift();
  }
  sift();
  return names;
}

/**
 * Undefined for what is gone meanwhile. What cannot be asked for by its name is of no kind that
 * could.
 */
function describe(dir: HeldDirs, byteName: ByteString): SharedName | undefined {
  const stats = dir.look(dir.root, byteName);
  if (!stats) return undefined;
  const bytes = fromByteString(byteName);
  const name = bytes.toString();
  const kind = Buffer.from(name).equals(bytes) ? sharedKindOf(stats.kind) : "other";
  return { name, kind, size: kind === "file" ? stats.size : 0, mtimeSec: stats.mtimeSec };
}
