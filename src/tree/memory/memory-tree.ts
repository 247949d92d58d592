import { byteStringOf, bytesOfString } from "../../bytes/byte-string.ts";
import type { Bytes } from "../../types.ts";
import type { Entry } from "../entry/entry.ts";

/**
 * Mode and time; what is left out is 0o644 for files, 0o755 for directories, 0o777 for links, and
 * 1970.
 */
type Metadata = Pick<Entry, "mode" | "mtimeSec" | "mtimeNsec">;

/** A file in memory. */
export interface MemoryFile extends Metadata {
  readonly kind: "file";
  /** Replaced as a whole, never changed in place. */
  readonly bytes: Bytes;
}

/** A symbolic link in memory. */
export interface MemoryLink extends Metadata {
  readonly kind: "symlink";
  readonly target: Bytes;
}

/** A directory in memory. */
export interface MemoryDir extends Metadata {
  readonly kind: "dir";
  /** By name: a string of one character per byte, as `byteName` makes it. */
  readonly children: Map<string, MemoryNode>;
}

/** A tree in memory, for browsers, examples and tests. */
export type MemoryNode = MemoryFile | MemoryLink | MemoryDir;

/** A file; text is stored as UTF-8. */
export function memoryFile(content: Bytes | string, metadata: Partial<Metadata> = {}): MemoryFile {
  return { kind: "file", mode: 0o644, mtimeSec: 0, mtimeNsec: 0, ...metadata, bytes: toBytes(content) };
}

/** A symlink with this text. */
export function memoryLink(target: Bytes | string, metadata: Partial<Metadata> = {}): MemoryLink {
  return { kind: "symlink", mode: 0o777, mtimeSec: 0, mtimeNsec: 0, ...metadata, target: toBytes(target) };
}

/** A directory of what is given by name; a string or bytes become a file. */
export function memoryDir(
  children: Readonly<Record<string, MemoryNode | Bytes | string>> = {},
  metadata: Partial<Metadata> = {},
): MemoryDir {
  const nodes = new Map<string, MemoryNode>();
  for (const [name, child] of Object.entries(children)) {
    const isContent = typeof child === "string" || child instanceof Uint8Array;
    nodes.set(byteName(toBytes(name)), isContent ? memoryFile(child) : child);
  }
  return { kind: "dir", mode: 0o755, mtimeSec: 0, mtimeNsec: 0, ...metadata, children: nodes };
}

/** A name as the key of `children`. Such keys sort by their bytes. */
export function byteName(name: Bytes): string {
  return byteStringOf(name);
}

/** A key of `children` as text, for people: bytes that are no UTF-8 are shown as U+FFFD. */
export function textOfName(name: string): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOfString(name));
}

/** The bytes of a key of `children`. */
export function bytesOfName(name: string): Bytes {
  return bytesOfString(name);
}

function toBytes(content: Bytes | string): Bytes {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}
