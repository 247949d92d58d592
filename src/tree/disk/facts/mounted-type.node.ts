import fs from "node:fs";
import { nativePath, toByteString } from "../calls/byte-string.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import { readMounts } from "./mounts.node.ts";

/** File systems on which no file has a mode of its own, as mountinfo calls their types. */
const modelessTypes: ReadonlySet<string> = new Set([
  "exfat",
  "fuse.exfat",
  "fuse.gvfsd-fuse",
  "fuse.rclone",
  "msdos",
  "vfat",
]);

/** The type of those on a disk that a program brings: exFAT and NTFS, which may have modes. */
const diskByProgram = "fuseblk";

/** Names that are looked at to tell whether a place has modes, at most. */
const lookedAtCount = 64;

/**
 * True where it is known, without anything being tried, that modes are not kept: by the type of the
 * file system that is mounted there. False where that says nothing, and on systems without
 * mountinfo.
 */
export function lacksModes(held: HeldDirs): boolean {
  const { mount } = held.lookAtDir(held.root);
  const type = mount === 0 ? undefined : readMounts().find(({ id }) => id === mount)?.type;
  if (type === undefined) return false;
  return modelessTypes.has(type) || (type === diskByProgram && isUniform(held));
}

/** True when files have the same mode as the directory that they are in, all alike. */
function isUniform(held: HeldDirs): boolean {
  const { mode } = held.lookAtDir(held.root);
  const names = fs.readdirSync(nativePath(held.rootPath), { encoding: "buffer" }).slice(0, lookedAtCount);
  const found = names.map((name) => held.look(held.root, toByteString(name)));
  return found.some((each) => each?.kind === "file") && found.every((each) => each?.mode === mode);
}
