import fs from "node:fs";
import path from "node:path";
import { nativePath, placeBytes, toByteString, type ByteString, type PlacePath } from "./byte-string.node.ts";
import { isErrno } from "./file-trouble.node.ts";

/** The path that a tree was given by. */
export class GivenPath {
  /** The path; without slashes at its end where a link there is not followed. */
  readonly path: ByteString;
  /** From the top of the file system on, wherever this process goes. */
  readonly #absolute: ByteString;
  readonly #follow: boolean;

  /** @param follow false not to follow a link at its end */
  constructor(place: PlacePath, follow: boolean) {
    const given = placeBytes(place);
    // Behind a slash a link would be followed all the same.
    this.path = follow ? given : withoutSlash(given);
    this.#absolute = path.isAbsolute(this.path) ? this.path : `${realPath(".")}/${this.path}`;
    this.#follow = follow;
  }

  /** False when it leads to something else than an open directory, or nowhere. */
  leadsTo(fd: number): boolean {
    const look = this.#follow ? fs.statSync : fs.lstatSync;
    try {
      const now = look(nativePath(this.#absolute), { bigint: true });
      return isSameInode(now, fs.fstatSync(fd, { bigint: true }));
    } catch (thrown) {
      if (isErrno(thrown)) return false;
      throw thrown;
    }
  }
}

/** A path without slashes at its end. */
export function withoutSlash(place: ByteString): ByteString {
  return place.replace(/(?<=.)\/+$/, "");
}

/** Where a path leads, with no link left in it. @throws what the system says */
export function realPath(place: ByteString): ByteString {
  return toByteString(fs.realpathSync.native(nativePath(place), "buffer"));
}

/** True for what was seen of one file or directory at one time. */
export function isSameInode(a: fs.BigIntStats, b: fs.BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}
