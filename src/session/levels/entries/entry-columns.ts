import type { ByteReader, ByteWriter } from "../../../bytes/cursor.ts";
import { unzigzag, zigzag } from "../../../bytes/varint.ts";
import { SyncError } from "../../../errors.ts";
import { type Entry, type EntryDraft, entryKinds } from "../../../tree/entry/entry.ts";
import type { Bytes } from "../../../types.ts";

/** An entry on the wire, and whether its content follows without being asked for. */
export interface ListedEntry {
  readonly entry: Entry;
  readonly unasked: boolean;
}

/** The same while it is read, column by column. */
export interface ListedDraft {
  readonly entry: EntryDraft;
  unasked: boolean;
}

/** One column of an ENTRIES payload: a fact of each entry (docs/protocol.md §6.2). */
export interface EntryColumn {
  readonly id: number;
  /** Writes the fact of all entries, in their order. */
  write(out: ByteWriter, listed: readonly ListedEntry[]): void;
  /** Reads it into all drafts. @throws BAD_MESSAGE */
  read(input: ByteReader, drafts: readonly ListedDraft[]): void;
}

const kindMask = 0x07;
const unaskedFlag = 0x08;
/** What is said of directories alone. */
const dirFlags = [
  ["isComplete", 0x10, "complete"],
  ["isImplied", 0x20, "implied"],
  ["isUnlisted", 0x40, "unlisted"],
] as const;
const knownFlags = dirFlags.reduce((flags, [, flag]) => flags | flag, kindMask | unaskedFlag);
const nameBytes = 255;
const targetBytes = 4095;
const modeBits = 0o7777;
const lastNanosecond = 999_999_999;

const flags: EntryColumn = {
  id: 0,
  write(out, listed) {
    for (const { entry, unasked } of listed) out.u8(flagsOf(entry, unasked));
  },
  read(input, drafts) {
    for (const draft of drafts) readFlags(input.u8(), draft);
  },
};

function flagsOf(entry: Entry, unasked: boolean): number {
  let flags = entryKinds.indexOf(entry.kind) | (unasked ? unaskedFlag : 0);
  for (const [fact, flag] of dirFlags) if (entry[fact] === true) flags |= flag;
  return flags;
}

function readFlags(value: number, draft: ListedDraft): void {
  const kind = entryKinds[value & kindMask];
  const isUnasked = (value & unaskedFlag) !== 0;
  if (kind === undefined || value > knownFlags)
    throw new SyncError("BAD_MESSAGE", `unknown entry flags 0x${value.toString(16)}`);
  if (kind !== "file" && isUnasked) throw new SyncError("BAD_MESSAGE", `content announced for a ${kind}`);
  draft.entry.kind = kind;
  draft.unasked = isUnasked;
  for (const [fact, flag, said] of dirFlags) {
    if ((value & flag) === 0) continue;
    if (kind !== "dir") throw new SyncError("BAD_MESSAGE", `a ${kind} that is said to be ${said}`);
    draft.entry[fact] = true;
  }
}

const depth: EntryColumn = {
  id: 1,
  write(out, listed) {
    for (const { entry } of listed) out.uvarint(entry.depth);
  },
  read(input, drafts) {
    for (const { entry } of drafts) entry.depth = input.uvarint();
  },
};

const name: EntryColumn = {
  id: 2,
  write(out, listed) {
    const shared = sharedLengths(listed);
    for (const length of shared) out.uvarint(length);
    for (let i = 0; i < listed.length; i++) out.uvarint(listed[i]!.entry.name.length - shared[i]!);
    for (let i = 0; i < listed.length; i++) out.bytesFrom(listed[i]!.entry.name, shared[i]!);
  },
  read(input, drafts) {
    const shared = drafts.map(() => input.uvarint());
    const rest = drafts.map(() => input.uvarint());
    const block = new Uint8Array(checkedLength(shared, rest));
    let start = 0;
    let last = 0;
    for (let i = 0; i < drafts.length; i++) {
      const prefix = shared[i]!;
      const end = start + prefix + rest[i]!;
      block.copyWithin(start, last, last + prefix);
      for (let at = start + prefix; at < end; at++) block[at] = input.u8();
      drafts[i]!.entry.name = block.subarray(start, end);
      last = start;
      start = end;
    }
  },
};

/** Bytes of all names: in one block they cost a fraction of what one for each costs. */
function checkedLength(shared: readonly number[], rest: readonly number[]): number {
  let total = 0;
  let last = 0;
  for (const [i, prefix] of shared.entries()) {
    const length = prefix + rest[i]!;
    if (prefix > last || length > nameBytes) throw new SyncError("BAD_MESSAGE", "a name is too long");
    total += length;
    last = length;
  }
  return total;
}

/** How many bytes each name shares with the start of the one before it. */
function sharedLengths(listed: readonly ListedEntry[]): number[] {
  let last: Bytes = new Uint8Array(0);
  return listed.map(({ entry }) => {
    const end = Math.min(last.length, entry.name.length);
    let shared = 0;
    while (shared < end && last[shared] === entry.name[shared]) shared += 1;
    last = entry.name;
    return shared;
  });
}

const mode: EntryColumn = {
  id: 3,
  write(out, listed) {
    for (const { entry } of listed) out.uvarint(entry.mode);
  },
  read(input, drafts) {
    for (const { entry } of drafts) entry.mode = readUpTo(input, modeBits, "mode");
  },
};

const seconds: EntryColumn = {
  id: 4,
  write(out, listed) {
    let last = 0;
    for (const { entry } of listed) {
      out.uvarint(zigzag(entry.mtimeSec - last));
      last = entry.mtimeSec;
    }
  },
  read(input, drafts) {
    let last = 0;
    for (const { entry } of drafts) {
      last += unzigzag(input.uvarint());
      if (!Number.isSafeInteger(last)) throw new SyncError("BAD_MESSAGE", "a time is out of range");
      entry.mtimeSec = last;
    }
  },
};

const nanoseconds: EntryColumn = {
  id: 5,
  write(out, listed) {
    for (const { entry } of listed) out.uvarint(entry.mtimeNsec);
  },
  read(input, drafts) {
    for (const { entry } of drafts) entry.mtimeNsec = readUpTo(input, lastNanosecond, "part of a second");
  },
};

const size: EntryColumn = {
  id: 6,
  write(out, listed) {
    for (const { entry } of listed) if (entry.kind === "file") out.uvarint(entry.size);
  },
  read(input, drafts) {
    for (const { entry } of drafts) if (entry.kind === "file") entry.size = input.uvarint();
  },
};

const target: EntryColumn = {
  id: 7,
  write(out, listed) {
    for (const { entry } of listed) {
      if (entry.target === undefined) continue;
      out.uvarint(entry.target.length);
      out.bytes(entry.target);
    }
  },
  read(input, drafts) {
    for (const { entry } of drafts) {
      if (entry.kind !== "symlink") continue;
      entry.target = input.bytes(readUpTo(input, targetBytes, "link text")).slice();
    }
  },
};

function readUpTo(input: ByteReader, limit: number, what: string): number {
  const value = input.uvarint();
  if (value > limit) throw new SyncError("BAD_MESSAGE", `a ${what} of ${value} is out of range`);
  return value;
}

/** The columns that every ENTRIES payload has, in this order. */
export const entryColumns: readonly EntryColumn[] = [
  flags,
  depth,
  name,
  mode,
  seconds,
  nanoseconds,
  size,
  target,
];
