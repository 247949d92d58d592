import { ByteReader, ByteWriter } from "../../../bytes/cursor.ts";
import { SyncError } from "../../../errors.ts";
import type { Bytes } from "../../../types.ts";
import { sessionLimits } from "../../limits.ts";
import { type EntryColumn, entryColumns, type ListedDraft, type ListedEntry } from "./entry-columns.ts";
import { factColumns } from "./fact-columns.ts";

const columns = new Map([...entryColumns, ...factColumns].map((column) => [column.id, column]));

/**
 * Encodes entries as an ENTRIES payload: one column after another, so that what is alike lies
 * together and compresses well (docs/protocol.md §6.2).
 */
export function encodeEntries(listed: readonly ListedEntry[]): Bytes {
  const out = new ByteWriter();
  out.uvarint(listed.length);
  for (const column of entryColumns) writeColumn(out, 2 * column.id, column, listed);
  for (const column of factColumns)
    if (column.isNeeded(listed))
      writeColumn(out, 2 * column.id + (column.mayBePassed ? 1 : 0), column, listed);
  return out.finish();
}

function writeColumn(
  out: ByteWriter,
  head: number,
  column: Pick<EntryColumn, "write">,
  listed: readonly ListedEntry[],
): void {
  const facts = new ByteWriter();
  column.write(facts, listed);
  const bytes = facts.finish();
  out.uvarint(head);
  out.uvarint(bytes.length);
  out.bytes(bytes);
}

/**
 * Decodes an ENTRIES payload. What it yields is well formed by itself; whether the entries follow
 * from each other is for the EntryChecker.
 *
 * @throws BAD_MESSAGE for anything that `encodeEntries` does not make, LIMIT for too many entries,
 *   UNSUPPORTED for a column that is not known here and cannot be done without
 */
export function decodeEntries(payload: Bytes): ListedEntry[] {
  const input = new ByteReader(payload);
  const count = input.uvarint();
  if (count === 0 || count > sessionLimits.entriesPerFrameCount) {
    throw new SyncError("LIMIT", `${count} entries in one frame`, { detail: { actual: count } });
  }
  const drafts = Array.from({ length: count }, emptyDraft);
  const missing = new Set(entryColumns.map(({ id }) => id));
  for (let last = -1; input.remaining > 0;) {
    const head = input.uvarint();
    const id = Math.floor(head / 2);
    const facts = new ByteReader(input.bytes(input.uvarint()));
    if (id <= last) throw new SyncError("BAD_MESSAGE", `column ${id} of entries out of order`);
    last = id;
    const column = columns.get(id);
    if (!column && head % 2 === 0)
      throw new SyncError("UNSUPPORTED", `column ${id} of entries is not known here`);
    column?.read(facts, drafts);
    if (column) facts.end();
    missing.delete(id);
  }
  for (const id of missing) throw new SyncError("BAD_MESSAGE", `column ${id} of entries is missing`);
  return drafts;
}

const noName = new Uint8Array(0);

function emptyDraft(): ListedDraft {
  return {
    entry: { depth: 0, name: noName, kind: "file", size: 0, mode: 0, mtimeSec: 0, mtimeNsec: 0 },
    unasked: false,
  };
}
