import fs from "node:fs";
import { SyncError } from "../../../errors.ts";
import type { SpecialKind } from "../../entry/entry.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import { fromByteString, type NativePath } from "../calls/byte-string.node.ts";
import { deviceOf } from "../calls/file-stats.node.ts";
import { bindNative, type NativeCall } from "../calls/koffi.node.ts";
import { errnoError } from "../calls/libc.node.ts";
import type { MetadataSetter } from "../facts/metadata.node.ts";
import { type LeafTools, putLeaf } from "./put-leaf.node.ts";

interface SpecialTools extends LeafTools {
  readonly metadata: MetadataSetter;
}

const types: Readonly<Record<SpecialKind, number>> = {
  fifo: fs.constants.S_IFIFO,
  socket: fs.constants.S_IFSOCK,
  charDevice: fs.constants.S_IFCHR,
  blockDevice: fs.constants.S_IFBLK,
};

/** What the owner may do with one that is being made; nobody else may do anything. */
const firstBits = 0o600;

let bound: ((path: NativePath, mode: number, device: number) => void) | undefined;

/**
 * Makes a device, FIFO or socket, in one step in place of what was there.
 *
 * @throws UNSUPPORTED where the system cannot be asked to
 */
export function makeSpecial(tools: SpecialTools, { dir, name, number, entry, there }: PlannedEntry): void {
  const { held, metadata } = tools;
  const kind = entry.kind as SpecialKind;
  const { major, minor } = entry.rdev ?? { major: 0, minor: 0 };
  putLeaf(tools, { entry: number, dir, name, kind, size: 0, there }, true, (temp) => {
    const make = (): void =>
      makeNode(held.at(temp.dir, temp.name), types[kind] | firstBits, deviceOf(major, minor));
    held.writeIn(temp.dir, make);
    metadata.setAt(held.nameAt(temp.dir, temp.name), held.look(temp.dir, temp.name)!, entry);
  });
}

function makeNode(path: NativePath, mode: number, device: number): void {
  bound ??= process.platform === "linux" ? bindMknod() : undefined;
  if (!bound) throw new SyncError("UNSUPPORTED", "devices, FIFOs and sockets cannot be made here");
  bound(path, mode, device);
}

function bindMknod(): typeof bound {
  return bindNative((koffi) => {
    const mknod: NativeCall = koffi
      .load(null)
      .func("int mknod(const void *path, uint32_t mode, uint64_t device)");
    return (path, mode, device) => {
      const bytes = typeof path === "string" ? fromByteString(path) : path;
      if (mknod(Buffer.concat([bytes, Buffer.of(0)]), mode, device) !== 0)
        throw errnoError(koffi.errno(), "mknod");
    };
  });
}
