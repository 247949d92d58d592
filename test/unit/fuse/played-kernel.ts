import { opcodes } from "../../../src/fuse/fuse-numbers.ts";
import type { FuseLine } from "../../../src/fuse/fuse-session.ts";

/** The bytes of a request, as `linux/fuse.h` lays them out. */
export function request(opcode: number, body: Uint8Array, unique = 2, node = 1): Uint8Array {
  const bytes = new Uint8Array(40 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint32(4, opcode, true);
  view.setBigUint64(8, BigInt(unique), true);
  view.setBigUint64(16, BigInt(node), true);
  bytes.set(body, 40);
  return bytes;
}

/** Fields of a body: `[bits, value]`, after one another. */
export function fields(...all: readonly (readonly [32 | 64, number])[]): Uint8Array {
  const bytes = new Uint8Array(all.reduce((sum, [bits]) => sum + bits / 8, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [bits, value] of all) {
    if (bits === 32) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bits / 8;
  }
  return bytes;
}

export const nul = (name: string): Uint8Array => Buffer.from(`${name}\0`);

/** A body of READ, READDIR or READDIRPLUS. */
export const part = (offset: number, size: number): Uint8Array =>
  fields([64, 0], [64, offset], [32, size], [32, 0], [64, 0], [32, 0], [32, 0]);

/** A body of INIT that offers all there is. */
export const init = fields([32, 7], [32, 45], [32, 131_072], [32, 0xffff_ffff]);

/** An answer. */
export interface Reply {
  readonly errno: number;
  readonly body: Buffer;
}

/** A kernel that asks one thing after another. */
export class PlayedKernel implements FuseLine {
  #take: ((message: Uint8Array) => void) | undefined;
  #end: (() => void) | undefined;
  #unique = 2;
  readonly #waiting = new Map<number, (reply: Reply) => void>();

  listen(take: (message: Uint8Array) => void): Promise<void> {
    this.#take = take;
    return new Promise((resolve) => (this.#end = resolve));
  }

  send(parts: readonly Uint8Array[]): void {
    const bytes = Buffer.concat(parts);
    if (bytes.readUInt32LE(0) !== bytes.length) throw new Error("an answer has another length than it says");
    const waiting = this.#waiting.get(Number(bytes.readBigUInt64LE(8)));
    waiting?.({ errno: Math.abs(bytes.readInt32LE(4)), body: bytes.subarray(16) });
  }

  /** The number that the next request is going to have. */
  get next(): number {
    return this.#unique;
  }

  ask(opcode: number, body: Uint8Array = new Uint8Array(0), node = 1): Promise<Reply> {
    const unique = this.#unique;
    this.#unique += 2;
    const reply = new Promise<Reply>((resolve) => this.#waiting.set(unique, resolve));
    this.tell(request(opcode, body, unique, node));
    return reply;
  }

  /** Sends bytes; what is in them may be changed behind that, as by a real device. */
  tell(message: Uint8Array): void {
    this.#take!(message);
    message.fill(0xff);
  }

  /** Unmounts. */
  end(): void {
    this.#end!();
  }
}

/** What an answer of LOOKUP says, or an entry of READDIRPLUS begins with. */
export function readEntry(body: Buffer): { node: number; mode: number; size: number; mtime: number } {
  return {
    node: Number(body.readBigUInt64LE(0)),
    size: Number(body.readBigUInt64LE(48)),
    mtime: Number(body.readBigInt64LE(72)),
    mode: body.readUInt32LE(100),
  };
}

/** The names of an answer of READDIRPLUS, and where the next begins. */
export function readListing(body: Buffer, entryBytes = 128): { names: string[]; next: number } {
  const names: string[] = [];
  let next = 0;
  for (let at = 0; at < body.length;) {
    at += entryBytes;
    const length = body.readUInt32LE(at + 16);
    next = Number(body.readBigUInt64LE(at + 8));
    names.push(body.toString("utf8", at + 24, at + 24 + length));
    at += (24 + length + 7) & ~7;
  }
  return { names, next };
}

/** All entries of a directory, a little at a time. */
export async function listAll(kernel: PlayedKernel, node: number, size: number): Promise<string[]> {
  const all: string[] = [];
  for (let next = 0; ;) {
    const { body } = await kernel.ask(opcodes.readdirplus, part(next, size), node);
    if (body.length === 0) return all;
    const listing = readListing(body);
    all.push(...listing.names);
    next = listing.next;
  }
}
