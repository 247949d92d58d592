import type { Bytes } from "../types.ts";
import { bytesOfString } from "../bytes/byte-string.ts";
import { ArchivePaths } from "./archive-paths.ts";
import type { CatarNode } from "./catar-node.ts";
import type { CatarReading } from "./catar-reader.ts";
import {
  setTarNumber,
  tarBlockBytes,
  tarChecksum,
  type TarField,
  tarFields,
  tarFill,
  tarTypes,
} from "./tar-header.ts";

export interface CatarToTarOptions {
  /** Called for a socket, which tar has not. */
  readonly onLeftOut?: (path: string) => void;
}

const encoder = new TextEncoder();
const nsPerSecond = 1_000_000_000n;

/**
 * The tar archive, in the form of GNU tar, that has the entries of an archive of casync. Times are
 * whole seconds there, and attributes and access control lists have no place in it.
 *
 * @throws what reading the archive throws
 */
export async function* tarOfCatar(
  archive: CatarReading,
  options: CatarToTarOptions = {},
): AsyncGenerator<Bytes> {
  const paths = new ArchivePaths();
  let sizeBytes = 0;
  try {
    for await (const event of archive.events) {
      if (event.type === "content") yield event.bytes;
      if (event.type !== "node") continue;
      yield new Uint8Array(tarFill(sizeBytes));
      sizeBytes = event.node.size;
      const path = paths.enter(event.node);
      if (event.node.type === "socket") options.onLeftOut?.(path);
      else yield* headersOf(event.node, path);
    }
    yield new Uint8Array(tarFill(sizeBytes) + 2 * tarBlockBytes);
  } finally {
    await archive.close();
  }
}

function* headersOf(node: CatarNode, path: string): Generator<Bytes> {
  const name = bytesOfString(node.type === "dir" ? `${path}/` : path);
  const target = node.target ?? new Uint8Array(0);
  if (target.length > tarFields.target[1]) yield longText("K", target);
  if (name.length > tarFields.name[1]) yield longText("L", name);
  const header = headerOf(letterOf(node), name, node.size);
  setText(header, tarFields.target, target);
  setTarNumber(header, tarFields.mode, node.mode);
  setTarNumber(header, tarFields.uid, node.uid);
  setTarNumber(header, tarFields.gid, node.gid);
  const past = ((node.mtimeNs % nsPerSecond) + nsPerSecond) % nsPerSecond;
  setTarNumber(header, tarFields.mtime, Number((node.mtimeNs - past) / nsPerSecond));
  setText(header, tarFields.user, encoder.encode(node.user ?? ""));
  setText(header, tarFields.group, encoder.encode(node.group ?? ""));
  setTarNumber(header, tarFields.major, node.device?.major ?? 0);
  setTarNumber(header, tarFields.minor, node.device?.minor ?? 0);
  yield summed(header);
}

/** A name that is too long for a header, as GNU tar has it: as the content of an entry before. */
function longText(letter: string, text: Bytes): Bytes {
  const size = text.length + 1;
  const bytes = new Uint8Array(tarBlockBytes + size + tarFill(size));
  bytes.set(summed(headerOf(letter, encoder.encode("././@LongLink"), size)));
  bytes.set(text, tarBlockBytes);
  return bytes;
}

function headerOf(letter: string, name: Bytes, sizeBytes: number): Bytes {
  const header = new Uint8Array(tarBlockBytes);
  setText(header, tarFields.name, name);
  setText(header, tarFields.type, encoder.encode(letter));
  setText(header, tarFields.magic, encoder.encode("ustar  \0"));
  setTarNumber(header, tarFields.size, sizeBytes);
  for (const field of [tarFields.mode, tarFields.uid, tarFields.gid, tarFields.mtime])
    setTarNumber(header, field, 0);
  return header;
}

function summed(header: Bytes): Bytes {
  const [at] = tarFields.checksum;
  header.set(encoder.encode(`${tarChecksum(header).toString(8).padStart(6, "0")}\0 `), at);
  return header;
}

/** Writes as much of a text as there is room for. */
function setText(header: Bytes, [at, length]: TarField, text: Bytes): void {
  header.set(text.subarray(0, length), at);
}

function letterOf({ type }: CatarNode): string {
  return [...tarTypes].find(([letter, one]) => one === type && letter !== "\0")![0];
}
