import type { ByteReader, ByteWriter } from "../../../bytes/cursor.ts";
import { SyncError } from "../../../errors.ts";
import { type FactRow, factRows } from "../../../tree/entry/fact-rows.ts";
import type { Facts } from "../../../tree/entry/facts.ts";
import { isDevice } from "../../../tree/entry/entry.ts";
import type { ListedDraft, ListedEntry } from "./entry-columns.ts";

/** A column that is there when some entry of the frame has its fact. */
export interface FactColumn {
  readonly id: number;
  /** True when a reader that does not know it may do without. */
  readonly mayBePassed: boolean;
  /** True when an entry has the fact. */
  isNeeded(listed: readonly ListedEntry[]): boolean;
  write(out: ByteWriter, listed: readonly ListedEntry[]): void;
  /** @throws BAD_MESSAGE, LIMIT */
  read(input: ByteReader, drafts: readonly ListedDraft[]): void;
}

/** How an entry has a fact: not at all, the one that was told last, or another one. */
const absent = 0;
const asBefore = 1;
const told = 2;

/**
 * What is alike is told once: sources give the same object to entries that have the same, and so
 * does what reads it.
 */
function columnOf(row: FactRow): FactColumn {
  return {
    id: row.column,
    mayBePassed: true,
    isNeeded: (listed) => listed.some(({ entry }) => entry.facts?.[row.name] !== undefined),
    write(out, listed) {
      let last: unknown;
      for (const { entry } of listed) {
        const value = entry.facts?.[row.name];
        if (value === undefined) out.u8(absent);
        else if (value === last) out.u8(asBefore);
        else {
          out.u8(told);
          row.write(out, value);
          last = value;
        }
      }
    },
    read(input, drafts) {
      let last: unknown;
      let before: Facts | undefined;
      let shared: Facts | undefined;
      for (const { entry } of drafts) {
        const form = input.u8();
        if (form > told || (form === asBefore && last === undefined))
          throw new SyncError("BAD_MESSAGE", "a fact of an entry is in no form that is known");
        if (form === absent) continue;
        if (form === told) last = row.read(input);
        if (form === told || shared === undefined || entry.facts !== before) {
          before = entry.facts;
          shared = { ...before, [row.name]: last };
        }
        entry.facts = shared;
      }
    },
  };
}

/** Which entries are names of one file: 0, or its number and 1. */
const link: FactColumn = {
  id: 8,
  mayBePassed: true,
  isNeeded: (listed) => listed.some(({ entry }) => entry.link !== undefined),
  write(out, listed) {
    for (const { entry } of listed) out.uvarint(entry.link === undefined ? 0 : entry.link + 1);
  },
  read(input, drafts) {
    for (const { entry } of drafts) {
      const number = input.uvarint();
      if (number > 0) entry.link = number - 1;
    }
  },
};

/** The numbers of devices. */
const device: FactColumn = {
  id: 9,
  mayBePassed: false,
  isNeeded: (listed) => listed.some(({ entry }) => isDevice(entry.kind)),
  write(out, listed) {
    for (const { entry } of listed) {
      if (!isDevice(entry.kind)) continue;
      out.uvarint(entry.rdev!.major);
      out.uvarint(entry.rdev!.minor);
    }
  },
  read(input, drafts) {
    for (const { entry } of drafts)
      if (isDevice(entry.kind)) entry.rdev = { major: input.uvarint(), minor: input.uvarint() };
  },
};

/** The columns that may be there, in the order of their numbers. */
export const factColumns: readonly FactColumn[] = [link, device, ...factRows.map(columnOf)];
