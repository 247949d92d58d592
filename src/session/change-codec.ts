import { ByteReader, ByteWriter } from "../bytes/cursor.ts";
import { SyncError } from "../errors.ts";
import { changedFacts, type TreeChange } from "../tree/entry/entry.ts";
import type { Bytes } from "../types.ts";
import { sessionLimits } from "./limits.ts";

const changes = ["new", "changed", "touched", "deleted"] as const;
const kinds = ["file", "dir", "symlink", "other", "fifo", "socket", "charDevice", "blockDevice"] as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes what became of paths, as payloads of CHANGES (docs/protocol.md §6.9). */
export function* encodeChanges(told: readonly TreeChange[]): Generator<Bytes> {
  let out = new ByteWriter();
  for (const { change, kind, size, path, differs } of told) {
    const name = encoder.encode(path).subarray(0, sessionLimits.toldPathBytes);
    out.u8(changes.indexOf(change) | (kinds.indexOf(kind) << 2));
    out.uvarint(differs.reduce((bits, fact) => bits | (1 << changedFacts.indexOf(fact)), 0));
    out.uvarint(size);
    out.uvarint(name.length);
    out.bytes(name);
    if (out.length < sessionLimits.changesFrameBytes) continue;
    yield out.finish();
    out = new ByteWriter();
  }
  if (out.length > 0) yield out.finish();
}

/** Decodes a CHANGES payload, for who asked for it. @throws BAD_MESSAGE, UNSOLICITED */
export function hearChanges(payload: Bytes, onChange: ((change: TreeChange) => void) | undefined): void {
  if (!onChange) throw new SyncError("UNSOLICITED", "the receiver tells what nobody asked for");
  const reader = new ByteReader(payload);
  while (reader.remaining > 0) {
    const flags = reader.u8();
    if (flags > 0x1f) throw new SyncError("BAD_MESSAGE", "a change is of no kind that is known");
    const bits = reader.uvarint();
    if (bits >= 1 << changedFacts.length)
      throw new SyncError("BAD_MESSAGE", "a fact that is not known differs");
    const differs = changedFacts.filter((_, at) => ((bits >> at) & 1) === 1);
    const size = reader.uvarint();
    const path = decoder.decode(reader.bytes(reader.uvarint()));
    onChange({ change: changes[flags & 3]!, path, kind: kinds[flags >> 2]!, size, differs });
  }
}
