import { unzigzag, zigzag } from "../../../bytes/varint.ts";
import { ByteReader, ByteWriter } from "../../../bytes/cursor.ts";
import { SyncError } from "../../../errors.ts";
import type { Entry, EntryKind } from "../../../tree/entry/entry.ts";
import type { Bytes } from "../../../types.ts";
import { sessionLimits } from "../../limits.ts";

/** An entry on the wire, and whether its content follows without being asked for. */
export interface ListedEntry {
  readonly entry: Entry;
  readonly unasked: boolean;
}

const kinds: readonly EntryKind[] = ["file", "dir", "symlink"];
const kindMask = 0x03;
const unaskedFlag = 0x04;
const completeFlag = 0x08;
const nameBytes = 255;
const targetBytes = 4095;
const modeBits = 0o7777;

function sharedPrefix(a: Bytes, b: Bytes): number {
  const end = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < end && a[shared] === b[shared]) shared += 1;
  return shared;
}

/**
 * Encodes entries as an ENTRIES payload: one column after another, so that what is alike lies
 * together and compresses well (docs/protocol.md §6.2).
 */
export function encodeEntries(listed: readonly ListedEntry[]): Bytes {
  const out = new ByteWriter();
  out.uvarint(listed.length);
  for (const { entry, unasked } of listed) out.u8(flagsOf(entry, unasked));
  for (const { entry } of listed) out.uvarint(entry.depth);
  writeNames(out, listed);
  for (const { entry } of listed) out.uvarint(entry.mode);
  let lastSec = 0;
  for (const { entry } of listed) {
    out.uvarint(zigzag(entry.mtimeSec - lastSec));
    lastSec = entry.mtimeSec;
  }
  for (const { entry } of listed) out.uvarint(entry.mtimeNsec);
  for (const { entry } of listed) if (entry.kind === "file") out.uvarint(entry.size);
  for (const { entry } of listed) {
    if (entry.target === undefined) continue;
    out.uvarint(entry.target.length);
    out.bytes(entry.target);
  }
  return out.finish();
}

function flagsOf({ kind, isComplete }: Entry, unasked: boolean): number {
  return kinds.indexOf(kind) | (unasked ? unaskedFlag : 0) | (isComplete === true ? completeFlag : 0);
}

function writeNames(out: ByteWriter, listed: readonly ListedEntry[]): void {
  const shared: number[] = [];
  let last: Bytes = new Uint8Array(0);
  for (const { entry } of listed) {
    shared.push(sharedPrefix(last, entry.name));
    last = entry.name;
  }
  for (const length of shared) out.uvarint(length);
  for (const [i, { entry }] of listed.entries()) out.uvarint(entry.name.length - (shared[i] ?? 0));
  for (const [i, { entry }] of listed.entries()) out.bytes(entry.name.subarray(shared[i] ?? 0));
}

/**
 * Decodes an ENTRIES payload. What it yields is well formed by itself; whether the entries follow
 * from each other is for the EntryChecker.
 *
 * @throws BAD_MESSAGE for anything that `encodeEntries` does not make, LIMIT for too many entries
 */
export function decodeEntries(payload: Bytes): ListedEntry[] {
  const input = new ByteReader(payload);
  const count = input.uvarint();
  if (count === 0 || count > sessionLimits.entriesPerFrameCount) {
    throw new SyncError("LIMIT", `${count} entries in one frame`, { detail: { actual: count } });
  }
  const flags = input.bytes(count).slice();
  const depths = readColumn(input, count);
  const names = readNames(input, count);
  const modes = readColumn(input, count);
  const seconds = readColumn(input, count);
  const nanoseconds = readColumn(input, count);
  const sizes = Array.from(flags, (flag) => ((flag & kindMask) === 0 ? input.uvarint() : 0));
  let second = 0;
  const listed: ListedEntry[] = [];
  for (let i = 0; i < count; i++) {
    const flag = flags[i] ?? 0;
    second += unzigzag(seconds[i] ?? 0);
    const entry = {
      depth: depths[i] ?? 0,
      name: names[i] ?? new Uint8Array(0),
      kind: kindOf(flag),
      size: sizes[i] ?? 0,
      mode: modes[i] ?? 0,
      mtimeSec: second,
      mtimeNsec: nanoseconds[i] ?? 0,
    };
    checkNumbers(entry);
    const more = {
      ...(entry.kind === "symlink" && { target: readBounded(input, targetBytes) }),
      ...((flag & completeFlag) !== 0 && { isComplete: true }),
    };
    listed.push({ entry: { ...entry, ...more }, unasked: (flag & unaskedFlag) !== 0 });
  }
  input.end();
  return listed;
}

function readColumn(input: ByteReader, count: number): number[] {
  const column: number[] = [];
  for (let i = 0; i < count; i++) column.push(input.uvarint());
  return column;
}

function readNames(input: ByteReader, count: number): Bytes[] {
  const shared = readColumn(input, count);
  const rest = readColumn(input, count);
  const names: Bytes[] = [];
  let last: Bytes = new Uint8Array(0);
  for (let i = 0; i < count; i++) {
    const prefix = shared[i] ?? 0;
    const length = prefix + (rest[i] ?? 0);
    if (prefix > last.length || length > nameBytes) throw new SyncError("BAD_MESSAGE", "a name is too long");
    const name = new Uint8Array(length);
    name.set(last.subarray(0, prefix));
    name.set(input.bytes(length - prefix), prefix);
    names.push(name);
    last = name;
  }
  return names;
}

function readBounded(input: ByteReader, limit: number): Bytes {
  const length = input.uvarint();
  if (length > limit) throw new SyncError("BAD_MESSAGE", `${length} bytes where at most ${limit} may be`);
  return input.bytes(length).slice();
}

function kindOf(flag: number): EntryKind {
  const kind = kinds[flag & kindMask];
  if (kind === undefined || (flag & ~(kindMask | unaskedFlag | completeFlag)) !== 0) {
    throw new SyncError("BAD_MESSAGE", `unknown entry flags 0x${flag.toString(16)}`);
  }
  if (kind !== "file" && (flag & unaskedFlag) !== 0)
    throw new SyncError("BAD_MESSAGE", `content announced for a ${kind}`);
  if (kind !== "dir" && (flag & completeFlag) !== 0)
    throw new SyncError("BAD_MESSAGE", `a ${kind} that is said to be complete`);
  return kind;
}

function checkNumbers(entry: { mode: number; mtimeSec: number; mtimeNsec: number }): void {
  if (entry.mode > modeBits) throw new SyncError("BAD_MESSAGE", `mode ${entry.mode} is out of range`);
  if (entry.mtimeNsec > 999_999_999) throw new SyncError("BAD_MESSAGE", `${entry.mtimeNsec} nanoseconds`);
  if (!Number.isSafeInteger(entry.mtimeSec)) throw new SyncError("BAD_MESSAGE", "a time is out of range");
}
