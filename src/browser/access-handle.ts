import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** A file of the browser's private file system that is open to this worker alone. */
export interface AccessHandle {
  read(into: Bytes, place: { readonly at: number }): number;
  write(bytes: Bytes, place: { readonly at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  close(): void;
}

/** What the types of the platform leave out. */
interface PrivateFile {
  createSyncAccessHandle?(): Promise<AccessHandle>;
  move?(directory: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/**
 * Opens a file for reading and writing. @throws UNSUPPORTED outside a worker; what the browser
 * throws
 */
export async function openAccess(file: FileSystemFileHandle): Promise<AccessHandle> {
  const handle = await (file as PrivateFile).createSyncAccessHandle?.();
  if (handle) return handle;
  throw new SyncError("UNSUPPORTED", "a page has no synchronous access to files: do this in a worker");
}

/**
 * Gives a file another place, where it replaces the one that was there. @throws what the browser
 * throws
 */
export async function moveFile(
  file: FileSystemFileHandle,
  directory: FileSystemDirectoryHandle,
  name: string,
): Promise<void> {
  const { move } = file as PrivateFile;
  if (!move) throw new SyncError("UNSUPPORTED", "this browser cannot rename files");
  await move.call(file, directory, name);
}

/** Writes all of the bytes. @throws NO_SPACE when only a part is taken; what the browser throws */
export function writeFully(handle: AccessHandle, bytes: Bytes, at: number): void {
  if (handle.write(bytes, { at }) === bytes.length) return;
  throw new SyncError("NO_SPACE", "there is no more room for this site");
}
