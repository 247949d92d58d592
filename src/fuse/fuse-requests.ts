import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { fuseBytes, opcodes } from "./fuse-numbers.ts";

/** What a request says of itself. */
export interface FuseHeader {
  /** The number by which it is answered. */
  readonly unique: number;
  /** The node that it is about. */
  readonly node: number;
}

/** What is asked for, by the names of `linux/fuse.h`. */
export type FuseQuestion =
  | { readonly ask: "init"; readonly major: number; readonly readAheadBytes: number; readonly flags: number }
  | { readonly ask: "lookup"; readonly name: Bytes }
  | { readonly ask: "read"; readonly offset: number; readonly size: number }
  | {
      readonly ask: "readdir" | "readdirplus";
      /** Where the last answer ended; 0 at first. */
      readonly offset: number;
      readonly size: number;
    }
  | { readonly ask: "getxattr"; readonly name: Bytes; readonly size: number }
  | { readonly ask: "listxattr"; readonly size: number }
  | { readonly ask: "interrupt"; readonly interrupted: number }
  | {
      readonly ask:
        | "getattr"
        | "readlink"
        | "open"
        | "release"
        | "opendir"
        | "releasedir"
        | "statfs"
        | "access"
        | "forget"
        | "batchForget"
        | "destroy"
        | "unknown";
    };

/** A request of the kernel. */
export type FuseRequest = FuseHeader & FuseQuestion;

/** Reads the body of a request: `size` bytes at the least are there. */
interface BodyForm {
  readonly size: number;
  read(body: DataView, bytes: Bytes): FuseQuestion;
}

const forms = new Map<number, BodyForm>([
  [
    opcodes.init,
    {
      size: 16,
      read: (body) => ({
        ask: "init",
        major: body.getUint32(0, true),
        readAheadBytes: body.getUint32(8, true),
        flags: body.getUint32(12, true),
      }),
    },
  ],
  [opcodes.lookup, { size: 2, read: (_, bytes) => ({ ask: "lookup", name: nameIn(bytes) }) }],
  [
    opcodes.read,
    {
      size: 40,
      read: (body) => ({ ask: "read", offset: readNumber(body, 8), size: body.getUint32(16, true) }),
    },
  ],
  [opcodes.readdir, listing("readdir")],
  [opcodes.readdirplus, listing("readdirplus")],
  [
    opcodes.getxattr,
    {
      size: 10,
      read: (body, bytes) => ({
        ask: "getxattr",
        size: body.getUint32(0, true),
        name: nameIn(bytes.subarray(8)),
      }),
    },
  ],
  [opcodes.listxattr, { size: 8, read: (body) => ({ ask: "listxattr", size: body.getUint32(0, true) }) }],
  [opcodes.interrupt, { size: 8, read: (body) => ({ ask: "interrupt", interrupted: readNumber(body, 0) }) }],
  [opcodes.getattr, { size: 16, read: () => ({ ask: "getattr" }) }],
  [opcodes.readlink, { size: 0, read: () => ({ ask: "readlink" }) }],
  [opcodes.open, { size: 8, read: () => ({ ask: "open" }) }],
  [opcodes.release, { size: 24, read: () => ({ ask: "release" }) }],
  [opcodes.opendir, { size: 8, read: () => ({ ask: "opendir" }) }],
  [opcodes.releasedir, { size: 24, read: () => ({ ask: "releasedir" }) }],
  [opcodes.statfs, { size: 0, read: () => ({ ask: "statfs" }) }],
  [opcodes.access, { size: 8, read: () => ({ ask: "access" }) }],
  [opcodes.forget, { size: 8, read: () => ({ ask: "forget" }) }],
  [opcodes.batchForget, { size: 8, read: () => ({ ask: "batchForget" }) }],
  [opcodes.destroy, { size: 0, read: () => ({ ask: "destroy" }) }],
]);

/**
 * Reads one request. What is kept of it is a copy: the bytes may be written over.
 *
 * @throws BAD_MESSAGE for what is none. One of a kind that is not known is "unknown"
 */
export function decodeRequest(message: Bytes): FuseRequest {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const { requestHeader } = fuseBytes;
  if (message.length < requestHeader || view.getUint32(0, true) !== message.length)
    throw new SyncError("BAD_MESSAGE", "a request of FUSE has another length than it says");
  const form = forms.get(view.getUint32(4, true));
  const header = { unique: readNumber(view, 8), node: readNumber(view, 16) };
  if (form === undefined) return { ...header, ask: "unknown" };
  if (message.length < requestHeader + form.size)
    throw new SyncError("BAD_MESSAGE", "a request of FUSE is too short", {
      detail: { limit: requestHeader + form.size, actual: message.length },
    });
  const bytes = message.subarray(requestHeader);
  return { ...header, ...form.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), bytes) };
}

/**
 * The number by which a request wants to be answered, whatever else it says; undefined without one.
 */
export function uniqueOf(message: Bytes): number | undefined {
  if (message.length < fuseBytes.requestHeader) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const high = view.getUint32(12, true);
  return high < 0x200000 ? high * 2 ** 32 + view.getUint32(8, true) : undefined;
}

function listing(ask: "readdir" | "readdirplus"): BodyForm {
  return {
    size: 40,
    read: (body) => ({ ask, offset: readNumber(body, 8), size: body.getUint32(16, true) }),
  };
}

/** A number of 64 bits. @throws BAD_MESSAGE for one that neither a file nor a session can have */
function readNumber(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  if (high >= 0x200000) throw new SyncError("BAD_MESSAGE", "a number of FUSE has more than 53 bits");
  return high * 2 ** 32 + view.getUint32(at, true);
}

function nameIn(bytes: Bytes): Bytes {
  const end = bytes.indexOf(0);
  if (end > 0) return bytes.slice(0, end);
  throw new SyncError("BAD_MESSAGE", "a request of FUSE has no name");
}
