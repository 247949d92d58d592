import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/*
 * Packets of SFTP, version 3, as draft-ietf-secsh-filexfer-02 has them: numbers have the highest
 * byte first, texts and data their length in front.
 */

/** Types of packets. */
export const sftpTypes = Object.freeze({
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  setstat: 9,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  stat: 17,
  rename: 18,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
});

/** Codes of the answer "status". */
export const sftpStatus = Object.freeze({ ok: 0, end: 1, noSuchFile: 2, permissionDenied: 3 });

/** How files are opened. */
export const sftpOpen = Object.freeze({ read: 1, create: 2 | 8 | 32 });

/** Limits of packets. */
export const sftpLimits = Object.freeze({
  /** Bytes of a packet: OpenSSH takes and sends no longer ones. */
  maxSftpPacketBytes: 262_144,
  /** Entries of a directory. */
  sftpEntryCount: 1_000_000,
});

/** What is told of a file. */
export interface SftpAttributes {
  readonly sizeBytes: number;
  /** Type and permissions. */
  readonly mode: number;
  readonly mtimeSec: number;
}

/** An answer: the number of its request, and what it says. */
export type SftpAnswer = { readonly id: number } & (
  | { readonly type: "version" | "other" }
  | { readonly type: "status"; readonly code: number; readonly message: string }
  | { readonly type: "handle" | "data"; readonly bytes: Bytes }
  | {
      readonly type: "name";
      readonly entries: readonly { readonly name: string; readonly attributes: SftpAttributes }[];
    }
  | { readonly type: "attrs"; readonly attributes: SftpAttributes }
);

/** A part of a request: a number of 32 bits, one of 64, or a text or data. */
export type SftpField = number | { readonly long: number } | Bytes | string;

const encoder = new TextEncoder();

/** A request with its length in front. */
export function encodeSftp(type: number, id: number, fields: readonly SftpField[]): Bytes {
  const parts = fields.map((field) => (typeof field === "string" ? encoder.encode(field) : field));
  const sizes = parts.map((part) =>
    part instanceof Uint8Array ? 4 + part.length : typeof part === "number" ? 4 : 8,
  );
  const length = sizes.reduce((sum, size) => sum + size, 5);
  const bytes = new Uint8Array(4 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length);
  view.setUint8(4, type);
  view.setUint32(5, id);
  let at = 9;
  parts.forEach((part, i) => {
    if (typeof part === "number") view.setUint32(at, part);
    else if (part instanceof Uint8Array) {
      view.setUint32(at, part.length);
      bytes.set(part, at + 4);
    } else view.setBigUint64(at, BigInt(part.long));
    at += sizes[i]!;
  });
  return bytes;
}

/** Reads an answer without the length in front. @throws BAD_MESSAGE */
export function decodeSftp(packet: Bytes): SftpAnswer {
  const reader = new PacketReader(packet);
  const type = reader.byte();
  const id = reader.number();
  switch (type) {
    case sftpTypes.version:
      return { type: "version", id };
    case sftpTypes.status:
      return { type: "status", id, code: reader.number(), message: reader.isAtEnd ? "" : reader.text() };
    case sftpTypes.handle:
      return { type: "handle", id, bytes: reader.data() };
    case sftpTypes.data:
      return { type: "data", id, bytes: reader.data() };
    case sftpTypes.attrs:
      return { type: "attrs", id, attributes: reader.attributes() };
    case sftpTypes.name: {
      const entries = [];
      for (let left = reader.number(); left > 0; left--) {
        const name = reader.text();
        reader.data(); // the same for people to read
        entries.push({ name, attributes: reader.attributes() });
      }
      return { type: "name", id, entries };
    }
    default:
      return { type: "other", id };
  }
}

class PacketReader {
  readonly #bytes: Bytes;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  number(): number {
    return this.#view.getUint32(this.#take(4));
  }

  data(): Bytes {
    const size = this.number();
    const at = this.#take(size);
    return this.#bytes.slice(at, at + size);
  }

  text(): string {
    return new TextDecoder().decode(this.data());
  }

  attributes(): SftpAttributes {
    const flags = this.number();
    const has = (bit: number): boolean => (flags & bit) !== 0;
    const sizeBytes = has(1) ? Number(this.#view.getBigUint64(this.#take(8))) : 0;
    if (has(2)) this.#take(8); // owner and group
    const mode = has(4) ? this.number() : 0;
    if (has(8)) this.#take(4); // when it was read
    const mtimeSec = has(8) ? this.number() : 0;
    for (let left = has(0x8000_0000) ? this.number() * 2 : 0; left > 0; left--) this.data();
    return { sizeBytes, mode, mtimeSec };
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at)
      throw new SyncError("BAD_MESSAGE", "a packet of SFTP ends too early", { detail: { offset: at } });
    this.#at += count;
    return at;
  }
}
