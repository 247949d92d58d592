import { decodeByteText, encodeByteText } from "../bytes/byte-text.ts";
import { ByteReader, ByteWriter } from "../bytes/cursor.ts";
import { SyncError } from "../errors.ts";
import { bitsOfFacts, changedFacts, factsOfBits, type TreeChange } from "../tree/entry/entry.ts";
import type { Bytes } from "../types.ts";
import { sessionLimits } from "./limits.ts";

const changes = ["new", "changed", "touched", "deleted"] as const;
const kinds = ["file", "dir", "symlink", "other", "fifo", "socket", "charDevice", "blockDevice"] as const;

/** Set where the text of a link, or the name that a file was linked to, follows the path. */
const [holdsFlag, linkedFlag] = [0x20, 0x40];

/** Encodes what became of paths, as payloads of CHANGES (docs/protocol.md §6.9). */
export function* encodeChanges(told: readonly TreeChange[]): Generator<Bytes> {
  let out = new ByteWriter();
  const writeText = (text: string): void => {
    const bytes = encodeByteText(text).subarray(0, sessionLimits.toldPathBytes);
    out.uvarint(bytes.length);
    out.bytes(bytes);
  };
  for (const { change, kind, size, path, differs, holds, linkedTo } of told) {
    const more = linkedTo ?? holds;
    const moreFlag = linkedTo === undefined ? (holds === undefined ? 0 : holdsFlag) : linkedFlag;
    out.u8(changes.indexOf(change) | (kinds.indexOf(kind) << 2) | moreFlag);
    out.uvarint(bitsOfFacts(differs));
    out.uvarint(size);
    writeText(path);
    if (more !== undefined) writeText(more);
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
    if (flags >= (holdsFlag | linkedFlag))
      throw new SyncError("BAD_MESSAGE", "a change is of no kind that is known");
    const bits = reader.uvarint();
    if (bits >= 1 << changedFacts.length)
      throw new SyncError("BAD_MESSAGE", "a fact that is not known differs");
    const differs = factsOfBits(bits);
    const size = reader.uvarint();
    const readText = (): string => decodeByteText(reader.bytes(reader.uvarint()));
    const path = readText();
    const change = { change: changes[flags & 3]!, path, kind: kinds[(flags >> 2) & 7]!, size, differs };
    if ((flags & linkedFlag) !== 0) onChange({ ...change, linkedTo: readText() });
    else onChange((flags & holdsFlag) === 0 ? change : { ...change, holds: readText() });
  }
}
