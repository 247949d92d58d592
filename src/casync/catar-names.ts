import { decodeByteText } from "../bytes/byte-text.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

const slash = 0x2f;

/** Passes on a name that names something in a directory. @throws PATH for any other */
export function checkName(name: Bytes): Bytes {
  const isDots = name.length <= 2 && name.every((byte) => byte === 0x2e);
  if (!isDots && !name.includes(slash) && !name.includes(0)) return name;
  throw new SyncError("PATH", "the archive has a name that names nothing in a directory", {
    detail: { path: decodeByteText(name) },
  });
}
