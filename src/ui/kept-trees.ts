import { toHex } from "../bytes/hex.ts";
import { sha256 } from "../chunk/digest.ts";
import { domTrouble } from "../store/dom-trouble.ts";

/** A tree of the server of which this browser has a copy, complete or not. */
export interface KeptTree {
  /** Its path at the server; empty for everything. */
  readonly path: string;
  /** When it was last complete, in milliseconds since 1970. */
  readonly completeMs?: number;
}

const folderName = "rsync-stream";
const aboutName = "about.json";

/** Where a copy is, or goes. */
export async function openKept(path: string): Promise<FileSystemDirectoryHandle> {
  return (await openFolder(path)).getDirectoryHandle("tree", { create: true });
}

/** Remembers what a copy is of, and whether it is complete. */
export async function noteKept(tree: KeptTree): Promise<void> {
  const file = await (await openFolder(tree.path)).getFileHandle(aboutName, { create: true });
  const writable = await file.createWritable();
  await writable.write(JSON.stringify(tree));
  await writable.close();
}

/** All copies that this browser has, by path. */
export async function listKept(): Promise<readonly KeptTree[]> {
  const trees: KeptTree[] = [];
  for await (const handle of (await openTop()).values()) {
    const tree = await readAbout(handle as FileSystemDirectoryHandle).catch(() => undefined);
    if (tree) trees.push(tree);
  }
  return trees.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Forgets a copy. @throws LOCKED while it is being written */
export async function removeKept(path: string): Promise<void> {
  try {
    await (await openTop()).removeEntry(nameOf(path), { recursive: true });
  } catch (thrown) {
    throw domTrouble(thrown, path);
  }
}

async function readAbout(folder: FileSystemDirectoryHandle): Promise<KeptTree | undefined> {
  const text = await (await (await folder.getFileHandle(aboutName)).getFile()).text();
  const { path, completeMs } = JSON.parse(text) as Partial<KeptTree>;
  if (typeof path !== "string") return undefined;
  return typeof completeMs === "number" ? { path, completeMs } : { path };
}

async function openFolder(path: string): Promise<FileSystemDirectoryHandle> {
  return (await openTop()).getDirectoryHandle(nameOf(path), { create: true });
}

/**
 * One for each place that a page may come from: a proxy may have several servers under one name.
 */
async function openTop(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  const all = await root.getDirectoryHandle(folderName, { create: true });
  return all.getDirectoryHandle(digestOf(pageFolder()), { create: true });
}

/** The same in the page and in its worker, whose script lies in `-/ui/` below. */
function pageFolder(): string {
  return new URL(".", location.href).pathname.replace(/-\/ui\/$/, "");
}

function nameOf(path: string): string {
  return digestOf(path);
}

function digestOf(text: string): string {
  return toHex(sha256(new TextEncoder().encode(text)).subarray(0, 16));
}
