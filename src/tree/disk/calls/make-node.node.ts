import { SyncError } from "../../../errors.ts";
import { fromByteString, type NativePath } from "./byte-string.node.ts";
import { bindNative, type Koffi } from "./koffi.node.ts";
import { errnoError } from "./libc.node.ts";

type MakeNode = (path: NativePath, mode: number, device: number) => void;

let bound: { readonly make: MakeNode | undefined } | undefined;

function findMknod(): MakeNode | undefined {
  bound ??= { make: process.platform === "linux" ? bindNative(bindMknod) : undefined };
  return bound.make;
}

/** True where `makeNode` can make something. */
export function canMakeNodes(): boolean {
  return findMknod() !== undefined;
}

/**
 * Makes a device, FIFO or socket, mknod(2).
 *
 * @param mode its type and permissions
 * @throws UNSUPPORTED where the system cannot be asked to
 */
export function makeNode(path: NativePath, mode: number, device: number): void {
  const make = findMknod();
  if (!make) throw new SyncError("UNSUPPORTED", "devices, FIFOs and sockets cannot be made here");
  make(path, mode, device);
}

function bindMknod(koffi: Koffi): MakeNode {
  const mknod = koffi.load(null).func("int mknod(const void *path, uint32_t mode, uint64_t device)");
  return (path, mode, device) => {
    const bytes = typeof path === "string" ? fromByteString(path) : path;
    if (mknod(Buffer.concat([bytes, Buffer.of(0)]), mode, device) !== 0)
      throw errnoError(koffi.errno(), "mknod");
  };
}
