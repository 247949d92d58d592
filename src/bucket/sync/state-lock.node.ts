import { basename, dirname } from "node:path";
import { doAll } from "../../bytes/closing.ts";
import { encodeByteText } from "../../bytes/byte-text.ts";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { toSyncError } from "../../errors.ts";
import { toByteString } from "../../tree/disk/calls/byte-string.node.ts";
import { HeldDirs } from "../../tree/disk/calls/held-dirs.node.ts";
import { type Lock, takeLock } from "../../tree/disk/target/lock.node.ts";

/**
 * Takes the lock of a state file, from an owner that is gone when need be, and returns what
 * releases it.
 *
 * @throws LOCKED with the owner and the age of the lock, IO, NO_SPACE
 */
export function lockState(path: string): () => void {
  const held = new HeldDirs(pathOf(dirname(path)));
  let lock: Lock | undefined;
  try {
    const name = toByteString(encodeByteText(`${basename(path)}.owner`));
    lock = takeLock(held, held.root, name, `the state ${path}`);
  } catch (thrown) {
    held.close();
    throw toSyncError(thrown, "IO", { path });
  }
  return () => {
    const taken = lock;
    lock = undefined;
    if (taken) doAll([() => taken.release(), () => held.close()]);
  };
}
