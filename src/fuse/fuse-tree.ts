import type { Bytes } from "../types.ts";
import type { FuseAttributes, FuseStatistics } from "./fuse-replies.ts";

/** An entry of a directory. */
export interface FuseMember {
  readonly name: Bytes;
  readonly attributes: FuseAttributes;
}

/** An extended attribute. */
export interface FuseXattr {
  readonly name: Bytes;
  readonly value: Bytes;
}

/**
 * A file system that never changes: nodes by their numbers, of which `rootNode` is the first. Who
 * asks knows the number of a node from here. Every method may be called concurrently, and throws
 * what keeps it from knowing.
 */
export interface FuseTree {
  readonly statistics: FuseStatistics;
  /** False when no node has any extended attribute. */
  readonly hasXattrs: boolean;
  /** True when access control lists are among them, for the kernel to go by. */
  readonly hasAcls: boolean;
  /** The entry of a directory with a name; undefined when there is none. */
  lookup(parent: number, name: Bytes): Promise<FuseAttributes | undefined>;
  attributes(node: number): Promise<FuseAttributes>;
  /** What a symbolic link holds. */
  target(node: number): Promise<Bytes>;
  /** The entries of a directory, from the one at this place on. */
  members(node: number, from: number): AsyncIterable<FuseMember>;
  xattrs(node: number): Promise<readonly FuseXattr[]>;
  /** A part of a file, shorter at its end, in pieces. */
  read(node: number, offset: number, size: number): Promise<readonly Bytes[]>;
  /** Called behind a read, to make ready what is likely to be read next. */
  readAhead(node: number, offset: number, size: number): void;
}
