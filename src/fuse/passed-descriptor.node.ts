import { closeSync } from "node:fs";
import { errnoError } from "../tree/disk/calls/libc.node.ts";
import { bindNative, type Koffi } from "../tree/disk/calls/koffi.node.ts";
import { SyncError } from "../errors.ts";

/** A socket by which another program passes a descriptor. */
export interface PassedDescriptor {
  /** The end for the other program. */
  readonly theirs: number;
  /** The descriptor that was passed, which has to be there. @throws IO */
  take(): number;
  /** Closes both ends. */
  close(): void;
}

/** The calls of the C library for that, which throw what the system says. */
interface SocketCalls {
  socketpair(): readonly [ours: number, theirs: number];
  /** Receives a byte with a control message. */
  receive(socket: number, control: Uint8Array): void;
}

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2_000_000;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
/** Bytes of a control message with one descriptor: its head, the number, and padding. */
const controlBytes = 24;

/**
 * Opens such a socket; undefined where koffi, an optional dependency, is not there: Node has no
 * call that receives descriptors.
 */
export function passedDescriptor(): PassedDescriptor | undefined {
  const calls = bindNative(bindSockets);
  if (calls === undefined) return undefined;
  const [ours, theirs] = calls.socketpair();
  return {
    theirs,
    take() {
      const control = new Uint8Array(controlBytes);
      calls.receive(ours, control);
      const view = new DataView(control.buffer);
      const isPassed = view.getInt32(8, true) === SOL_SOCKET && view.getInt32(12, true) === SCM_RIGHTS;
      if (!isPassed) throw new SyncError("IO", "the program passed no descriptor");
      return view.getInt32(16, true);
    },
    close() {
      closeSync(ours);
      closeSync(theirs);
    },
  };
}

function bindSockets(koffi: Koffi): SocketCalls {
  const library = koffi.load(null);
  const socketpair = library.func("int socketpair(int domain, int type, int protocol, void *ends)");
  const recvmsg = library.func("intptr_t recvmsg(int socket, void *message, int flags)");
  return {
    socketpair() {
      const ends = new Int32Array(2);
      if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) !== 0)
        throw errnoError(koffi.errno(), "socketpair");
      return [ends[0]!, ends[1]!];
    },
    receive(socket, control) {
      const byte = new Uint8Array(1);
      const part = BigUint64Array.of(koffi.address(byte), 1n);
      // A msghdr: no name, one part, and room for the control message.
      const message = BigUint64Array.of(
        0n,
        0n,
        koffi.address(part),
        1n,
        koffi.address(control),
        BigInt(control.length),
        0n,
      );
      if (recvmsg(socket, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
        throw errnoError(koffi.errno(), "recvmsg");
    },
  };
}
