import { domTrouble } from "../store/dom-trouble.ts";

/** A file and where it belongs: a path with slashes. */
export interface NamedFile {
  readonly path: string;
  readonly file: File;
}

/**
 * What a user picked, dropped or a page keeps: files of an `<input>`, those of one with
 * `webkitdirectory` under their relative paths, handles of files and directories, files with paths
 * of their own.
 */
export type Picked = File | NamedFile | FileSystemFileHandle | FileSystemDirectoryHandle;

/** A file of a tree, opened when it is listed. */
export interface FoundFile {
  readonly kind: "file";
  readonly name: string;
  open(): Promise<File>;
}

/** A directory of a tree, read when it is listed. */
export interface FoundDir {
  readonly kind: "dir";
  readonly name: string;
  list(): Promise<readonly (FoundFile | FoundDir)[]>;
}

/** What browsers keep a file's next content under while it is written. */
const swapSuffix = ".crswap";

/** What was picked as one tree: all of it side by side, or what is in the one directory. */
export function findPicked(picked: Iterable<Picked> | FileSystemDirectoryHandle): FoundDir {
  if ("kind" in picked) return foundDir(picked);
  const handles: (FoundFile | FoundDir)[] = [];
  const files: NamedFile[] = [];
  for (const each of picked) {
    if ("kind" in each) handles.push(foundHandle(each));
    else if ("path" in each) files.push(each);
    else files.push({ path: each.webkitRelativePath || each.name, file: each });
  }
  return { kind: "dir", name: "", list: async () => [...handles, ...listPaths(files, 0)] };
}

/**
 * What was dropped on a page. It has to be called in the handler of the event: a moment later the
 * items are gone.
 *
 * @throws IO and others when the browser does not give them out
 */
export function readDropped(items: DataTransferItemList): Promise<readonly Picked[]> {
  const all = [...items].filter(({ kind }) => kind === "file").map(readItem);
  return Promise.all(all).then(
    (picked) => picked.flat(),
    (thrown: unknown) => Promise.reject(domTrouble(thrown)),
  );
}

/** Some browsers give handles, all give entries. */
async function readItem(
  item: DataTransferItem & { getAsFileSystemHandle?(): Promise<FileSystemHandle | null> },
): Promise<readonly Picked[]> {
  const entry = item.webkitGetAsEntry();
  const handle = await item.getAsFileSystemHandle?.();
  if (handle) return [handle as FileSystemFileHandle | FileSystemDirectoryHandle];
  return entry ? readEntry(entry) : [];
}

async function readEntry(entry: FileSystemEntry): Promise<readonly NamedFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ path: entry.fullPath.slice(1), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const below: (readonly NamedFile[])[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return below.flat();
    below.push(...(await Promise.all(some.map(readEntry))));
  }
}

function foundHandle(handle: FileSystemHandle): FoundFile | FoundDir {
  if (handle.kind === "directory") return foundDir(handle as FileSystemDirectoryHandle);
  return { kind: "file", name: handle.name, open: () => (handle as FileSystemFileHandle).getFile() };
}

function foundDir(handle: FileSystemDirectoryHandle): FoundDir {
  return {
    kind: "dir",
    name: handle.name,
    async list() {
      const found: (FoundFile | FoundDir)[] = [];
      for await (const below of handle.values())
        if (!below.name.endsWith(swapSuffix)) found.push(foundHandle(below));
      return found;
    },
  };
}

/** The files and directories that paths name at one depth. */
function listPaths(files: readonly NamedFile[], depth: number): (FoundFile | FoundDir)[] {
  const found: (FoundFile | FoundDir)[] = [];
  const below = new Map<string, NamedFile[]>();
  for (const each of files) {
    const parts = each.path.split("/");
    const name = parts[depth]!;
    if (parts.length === depth + 1) found.push({ kind: "file", name, open: async () => each.file });
    else if (below.has(name)) below.get(name)!.push(each);
    else below.set(name, [each]);
  }
  for (const [name, inside] of below) {
    found.push({ kind: "dir", name, list: async () => listPaths(inside, depth + 1) });
  }
  return found;
}
