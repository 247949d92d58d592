import { ByteReader, ByteWriter } from "../../../bytes/cursor.ts";
import { sha256Key } from "../../../chunk/digest.ts";
import { idOfKey, keyOf } from "../../../chunk/id-key.ts";
import { SyncError } from "../../../errors.ts";
import type { Subtree } from "../../../tree/entry/subtree-digests.ts";
import type { Bytes } from "../../../types.ts";
import { sessionLimits } from "../../limits.ts";

/** Bytes of the MAC of a directory: each may be compared with a million others. */
const macBytes = 8;
const lastFlag = 1;
const { subtreesFrameCount: frameCount } = sessionLimits;

/** Computes the MACs of directories, each bound to its path (docs/protocol.md §6.15). */
export class SubtreeMacs {
  readonly #key: string;

  /** @param key the key of the session's MACs, 32 bytes */
  constructor(key: Bytes) {
    this.#key = keyOf(key);
  }

  /** Returns the MAC of a directory, as a key. */
  of({ path, digest }: Subtree): string {
    return sha256Key(idOfKey(this.#key + digest + path)).slice(0, macBytes);
  }
}

/** What a sender says of its tree. */
export interface RootMessage {
  /** Entries below the top directory. */
  readonly entryCount: number;
  /** The MAC of that directory, as a key; undefined where not all in it can be told. */
  readonly mac: string | undefined;
}

/** Encodes a ROOT payload. */
export function encodeRoot({ entryCount, mac = "" }: RootMessage): Bytes {
  const out = new ByteWriter();
  out.uvarint(entryCount);
  out.bytes(idOfKey(mac));
  return out.finish();
}

/** Decodes a ROOT payload. @throws BAD_MESSAGE */
export function decodeRoot(payload: Bytes): RootMessage {
  const input = new ByteReader(payload);
  const entryCount = input.uvarint();
  const mac = input.remaining > 0 ? keyOf(input.bytes(macBytes)) : undefined;
  input.end();
  return { entryCount, mac };
}

/** Encodes MACs as the payloads of SUBTREES frames: one at least. */
export function* encodeSubtrees(macs: readonly string[]): Generator<Bytes> {
  for (let at = 0; ; at += frameCount) {
    const isLast = at + frameCount >= macs.length;
    const out = new ByteWriter();
    out.u8(isLast ? lastFlag : 0);
    for (const mac of macs.slice(at, at + frameCount)) out.bytes(idOfKey(mac));
    yield out.finish();
    if (isLast) return;
  }
}

/** Decodes a SUBTREES payload. @throws BAD_MESSAGE */
export function decodeSubtrees(payload: Bytes): { readonly macs: string[]; readonly isLast: boolean } {
  const input = new ByteReader(payload);
  const flags = input.u8();
  if (flags > lastFlag) throw new SyncError("BAD_MESSAGE", `unknown flags ${flags} of SUBTREES`);
  const macs: string[] = [];
  while (input.remaining > 0) macs.push(keyOf(input.bytes(macBytes)));
  const isLast = flags === lastFlag;
  if (isLast ? macs.length > frameCount : macs.length !== frameCount)
    throw new SyncError("BAD_MESSAGE", "SUBTREES of a wrong length");
  return { macs, isLast };
}
