import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { SyncError } from "../../../errors.ts";
import type { Durability } from "../../order/order.ts";
import type { NativePath } from "./byte-string.node.ts";

/** True where the content of each file is waited for. */
export function syncsFiles(durability: Durability | undefined): boolean {
  return durability === "files" || durability === "all";
}

/** True where the file system is waited for as a whole. */
export function syncsAll(durability: Durability | undefined): boolean {
  return durability === "once" || durability === "all";
}

const run = promisify(execFile);

/**
 * Waits until all that was written to the file system of a directory is on its medium, by the
 * program `sync`: Node.js has no call for it. Elsewhere than on Linux all file systems are waited
 * for.
 *
 * @param path of this process, where that is /proc/self/fd
 * @throws IO
 */
export async function syncFileSystem(path: NativePath): Promise<void> {
  const only = process.platform === "linux" ? ["-f", String(path).replace("/self/", `/${process.pid}/`)] : [];
  try {
    await run("sync", only);
  } catch (cause) {
    throw new SyncError("IO", "what was written could not be brought to the medium", { cause });
  }
}
