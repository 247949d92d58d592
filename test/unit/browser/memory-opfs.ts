import { stagingName } from "../../../src/tree/entry/staging-name.ts";
import { type MemoryDir, memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";

/** What calls to the double do beside their work, each time; they throw to fail. */
export interface OpfsHooks {
  /** Bytes that all files may have together; any unless given. */
  quotaBytes?: number;
  /** Called with the name of a directory or file that is looked up or made. */
  onLook?: (name: string) => Promise<void> | void;
  /** Called before bytes are written to a file. */
  onWrite?: () => void;
}

interface StoredFile {
  bytes: Uint8Array;
  lastModified: number;
  isLocked: boolean;
}

const named = (name: string): DOMException => new DOMException(`the double says ${name}`, name);

/** A directory of a browser's private file system, in memory: what `opfsTarget` uses of one. */
export class MemoryOpfs {
  readonly children = new Map<string, MemoryOpfs | StoredFile>();
  readonly hooks: OpfsHooks;
  readonly #root: MemoryOpfs;

  constructor(hooks: OpfsHooks = {}, root?: MemoryOpfs) {
    this.hooks = hooks;
    this.#root = root ?? this;
  }

  /** As the platform types it. */
  get handle(): FileSystemDirectoryHandle {
    return this as unknown as FileSystemDirectoryHandle;
  }

  get usedBytes(): number {
    const sizes = [...this.children.values()].map((child) =>
      child instanceof MemoryOpfs ? child.usedBytes : child.bytes.length,
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async getDirectoryHandle(name: string, { create = false } = {}): Promise<MemoryOpfs> {
    const there = await this.#find(name);
    if (there instanceof MemoryOpfs) return there;
    if (there) throw named("TypeMismatchError");
    if (!create) throw named("NotFoundError");
    const made = new MemoryOpfs(this.hooks, this.#root);
    this.children.set(name, made);
    return made;
  }

  async getFileHandle(name: string, { create = false } = {}): Promise<object> {
    const there = await this.#find(name);
    if (there instanceof MemoryOpfs) throw named("TypeMismatchError");
    if (!there && !create) throw named("NotFoundError");
    const file = there ?? { bytes: new Uint8Array(0), lastModified: Date.now(), isLocked: false };
    this.children.set(name, file);
    return this.#handleOf(name, file);
  }

  async removeEntry(name: string, { recursive = false } = {}): Promise<void> {
    const there = this.children.get(name);
    if (!there) throw named("NotFoundError");
    if (there instanceof MemoryOpfs && there.children.size > 0 && !recursive)
      throw named("InvalidModificationError");
    this.children.delete(name);
  }

  async *keys(): AsyncGenerator<string> {
    yield* [...this.children.keys()];
  }

  async *entries(): AsyncGenerator<[string, object]> {
    for (const [name, child] of this.children)
      yield [name, child instanceof MemoryOpfs ? child : this.#handleOf(name, child)];
  }

  async *values(): AsyncGenerator<object> {
    for await (const [, child] of this.entries()) yield child;
  }

  readonly kind = "directory";

  /** What is there, without what a target needs for itself. */
  read(isTop = true): MemoryDir {
    const nodes = [...this.children].flatMap(([name, child]) => {
      if (isTop && name === stagingName) return [];
      return [[name, child instanceof MemoryOpfs ? child.read(false) : memoryFile(child.bytes)] as const];
    });
    return memoryDir(Object.fromEntries(nodes));
  }

  async #find(name: string): Promise<MemoryOpfs | StoredFile | undefined> {
    if (name === "" || name === "." || name === ".." || name.includes("/")) throw new TypeError("no name");
    await this.hooks.onLook?.(name);
    return this.children.get(name);
  }

  #handleOf(name: string, file: StoredFile): object {
    const check = (size: number): void => {
      const more = size - file.bytes.length;
      if (more > 0 && this.#root.usedBytes + more > (this.hooks.quotaBytes ?? Infinity))
        throw named("QuotaExceededError");
    };
    const resize = (size: number): void => {
      check(size);
      const bytes = new Uint8Array(size);
      bytes.set(file.bytes.subarray(0, size));
      file.bytes = bytes;
      file.lastModified = Date.now();
    };
    return {
      kind: "file",
      name,
      getFile: async () => new File([file.bytes.slice()], name, { lastModified: file.lastModified }),
      move: async (to: MemoryOpfs, newName: string) => {
        if (file.isLocked) throw named("NoModificationAllowedError");
        if (to.children.get(newName) instanceof MemoryOpfs) throw named("InvalidModificationError");
        this.children.delete(name);
        to.children.set(newName, file);
      },
      createSyncAccessHandle: async () => {
        if (file.isLocked) throw named("NoModificationAllowedError");
        file.isLocked = true;
        return {
          read: (into: Uint8Array, { at }: { at: number }) => {
            const part = file.bytes.subarray(at, at + into.length);
            into.set(part);
            return part.length;
          },
          write: (bytes: Uint8Array, { at }: { at: number }) => {
            this.hooks.onWrite?.();
            if (at + bytes.length > file.bytes.length) resize(at + bytes.length);
            file.bytes.set(bytes, at);
            return bytes.length;
          },
          truncate: resize,
          getSize: () => file.bytes.length,
          close: () => void (file.isLocked = false),
        };
      },
    };
  }
}
