import type { SystemCall } from "./watched-calls.ts";
import { digestOf, type Thing, type World } from "./world.ts";

/** Something that has content or names, whatever it is called. */
interface Node {
  readonly kind: Thing["kind"];
  /** What is in a file before the first call, or what a link holds. */
  readonly first: Buffer;
}

/** What one call changes. Names are changed in one step, however many there are. */
type Change =
  | { readonly names: readonly (readonly [dir: Node, name: string, node: Node | undefined])[] }
  | { readonly node: Node; readonly at: number; readonly bytes: Buffer }
  | { readonly node: Node; readonly size: number };

/** What becomes of a change that nobody waited for: zeros stand for bytes that never came. */
export type Fate = "kept" | "lost" | "zeros" | "half";

type Dirs = ReadonlyMap<Node, Map<string, Node>>;

/**
 * A disk as it may be after a loss of power: what was changed by a call is on the medium, or it is
 * not, unless its file or the whole file system was synced since.
 */
export class PowerModel {
  readonly #root: Node = { kind: "dir", first: Buffer.alloc(0) };
  readonly #first: Map<Node, Map<string, Node>> = new Map([[this.#root, new Map()]]);
  /** The disk as processes see it. */
  readonly #now: Map<Node, Map<string, Node>>;
  readonly #changes: Change[] = [];
  /** How many changes there were when each was known to be on the medium; Infinity until then. */
  readonly #syncedAt: number[] = [];
  readonly #digests = new Map<Node, Map<string, string>>();

  /** @param before what is on the medium before the first call */
  constructor(before: ReadonlyMap<string, Node>) {
    for (const [path, node] of before) {
      if (path !== "") this.#placeIn(this.#first, path, (names, name) => names.set(name, node));
      if (path !== "" && node.kind === "dir") this.#first.set(node, new Map());
    }
    this.#now = new Map([...this.#first].map(([node, names]) => [node, new Map(names)]));
  }

  get changeCount(): number {
    return this.#changes.length;
  }

  /** True for a change of names. */
  isOfNames(at: number): boolean {
    return "names" in this.#changes[at]!;
  }

  /** Takes the next call. */
  add(call: SystemCall): void {
    const change = this.#changeOf(call);
    if (!change) return;
    this.#changes.push(change);
    this.#syncedAt.push(Infinity);
    if (!("names" in change)) return;
    for (const [dir, name, node] of change.names) setName(this.#now, dir, name, node);
  }

  /** All is on the medium by now. */
  syncAll(): void {
    this.#sync(() => true);
  }

  #sync(isMeant: (change: Change) => boolean): void {
    for (const [i, change] of this.#changes.entries())
      if (isMeant(change)) this.#syncedAt[i] = Math.min(this.#syncedAt[i]!, this.#changes.length);
  }

  #changeOf({ name, path, other, args }: SystemCall): Change | undefined {
    const node = this.#find(path);
    const set = (place: string, to: Node | undefined): readonly [Node, string, Node | undefined] =>
      this.#placeIn(this.#now, place, (_, last, dir) => [dir, last, to]);
    const made = (kind: Node["kind"], first = ""): Change => ({
      names: [set(path, { kind, first: Buffer.from(first, "latin1") })],
    });
    switch (name) {
      case "open":
        return node ? undefined : made("file");
      case "mkdir":
        return node ? undefined : made("dir");
      case "symlink":
        return made("symlink", String(args[0]));
      case "unlink":
      case "rmdir":
        return node && { names: [set(path, undefined)] };
      case "link":
        return { names: [set(other!, node)] };
      case "rename":
        return isOver(node, this.#find(other!))
          ? { names: [set(path, undefined), set(other!, node)] }
          : undefined;
      case "exchange":
        return { names: [set(path, this.#find(other!)), set(other!, node)] };
      case "write":
        return node && { node, ...writtenBy(args) };
      case "truncate":
        return node && { node, size: Number(args[1]) };
      case "fsync":
        this.#sync((change) => "node" in change && change.node === node);
        return undefined;
      default:
        return undefined; // modes and times
    }
  }

  #find(path: string): Node | undefined {
    return this.#placeIn(this.#now, path, (names, name) => names.get(name));
  }

  #placeIn<Result>(
    dirs: Dirs,
    path: string,
    use: (names: Map<string, Node>, name: string, dir: Node) => Result,
  ): Result {
    const way = path.split("/");
    const name = way.pop()!;
    const dir = way.reduce((at, step) => dirs.get(at)!.get(step)!, this.#root);
    return use(dirs.get(dir)!, name, dir);
  }

  /**
   * What is found after a loss of power behind so many changes.
   *
   * @param fateOf what becomes of a change that was not synced by then
   */
  worldAfter(count: number, fateOf: (change: number) => Fate): World {
    const dirs = new Map([...this.#first].map(([node, names]) => [node, new Map(names)]));
    const fates = new Map<Node, [number, Fate][]>();
    for (const [i, change] of this.#changes.slice(0, count).entries()) {
      const fate = this.#syncedAt[i]! <= count ? "kept" : fateOf(i);
      if (!("names" in change)) fates.set(change.node, [...(fates.get(change.node) ?? []), [i, fate]]);
      else if (fate === "kept") for (const [dir, name, node] of change.names) setName(dirs, dir, name, node);
    }
    const world = new Map<string, Thing>();
    const visit = (node: Node, path: string): void => {
      const content = node.kind === "dir" ? "" : this.#contentOf(node, fates.get(node) ?? []);
      world.set(path, { kind: node.kind, content, rights: "", time: "", inode: "" });
      for (const [name, below] of dirs.get(node) ?? []) visit(below, path === "" ? name : `${path}/${name}`);
    };
    visit(this.#root, "");
    return world;
  }

  #contentOf(node: Node, fates: readonly (readonly [number, Fate])[]): string {
    if (node.kind === "symlink") return node.first.toString("latin1");
    const known = this.#digests.get(node) ?? new Map<string, string>();
    this.#digests.set(node, known);
    const key = fates.flat().join(" ");
    const digest = known.get(key) ?? digestOf(this.#bytesOf(node, fates));
    known.set(key, digest);
    return digest;
  }

  #bytesOf({ first }: Node, fates: readonly (readonly [number, Fate])[]): Buffer {
    let bytes = first;
    for (const [i, fate] of fates) {
      const change = this.#changes[i]!;
      if (fate === "lost" || "names" in change) continue;
      if ("size" in change) bytes = resized(bytes, change.size);
      else {
        const length = fate === "half" ? change.bytes.length >> 1 : change.bytes.length;
        bytes = Buffer.from(resized(bytes, Math.max(bytes.length, change.at + length)));
        if (fate === "zeros") bytes.fill(0, change.at, change.at + length);
        else change.bytes.copy(bytes, change.at, 0, length);
      }
    }
    return bytes;
  }
}

/** False where the system gives no name: a directory's to what is none, or the reverse. */
function isOver(node: Node | undefined, there: Node | undefined): boolean {
  return there === undefined || (there.kind === "dir") === (node?.kind === "dir");
}

/** A directory that is named for the first time is empty. */
function setName(dirs: Map<Node, Map<string, Node>>, dir: Node, name: string, node: Node | undefined): void {
  const names = dirs.get(dir) ?? new Map<string, Node>();
  dirs.set(dir, names);
  if (node) names.set(name, node);
  else names.delete(name);
  if (node?.kind === "dir" && !dirs.has(node)) dirs.set(node, new Map());
}

function resized(bytes: Buffer, size: number): Buffer {
  return size <= bytes.length
    ? bytes.subarray(0, size)
    : Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);
}

/** What a call of `writeSync` writes, and where. */
function writtenBy([, given, offset = 0, length, position = 0]: readonly unknown[]): {
  readonly at: number;
  readonly bytes: Buffer;
} {
  const all = typeof given === "string" ? Buffer.from(given) : Buffer.from(given as Uint8Array);
  const from = Number(offset);
  return {
    at: Number(position),
    bytes: all.subarray(from, length === undefined ? undefined : from + Number(length)),
  };
}
