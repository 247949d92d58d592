import { closingInTheEnd } from "../bytes/closing.ts";
import fs from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { override } from "../bytes/override.ts";
import { SyncError, toSyncError } from "../errors.ts";
import {
  type ByteString,
  type NativePath,
  nativePath,
  placeBytes,
  type PlacePath,
  printPath,
  toByteString,
} from "../tree/disk/calls/byte-string.node.ts";
import { fileTrouble, isErrno } from "../tree/disk/calls/file-trouble.node.ts";
import { DirNode } from "../tree/disk/calls/dir-node.node.ts";
import { HeldDirs, O_PATH } from "../tree/disk/calls/held-dirs.node.ts";
import type { Order } from "../tree/order/order.ts";
import { type Keep, plainKeep, withoutPrivileges } from "../tree/plan/keep.ts";
import { openTreePreview } from "../tree/disk/target/preview.node.ts";
import { openTreeSource } from "../tree/disk/source/source.node.ts";
import { staysInside } from "../tree/disk/target/side-dir.node.ts";
import { stagingName } from "../tree/entry/staging-name.ts";
import { openTreeTarget } from "../tree/disk/target/target.node.ts";
import type { TreeTarget } from "../tree/target.ts";
import type { Bytes } from "../types.ts";
import { versionOf } from "./file-cuts.node.ts";
import { type FileCutOptions, fileShare } from "./file-share.node.ts";
import { listNames } from "./names.node.ts";
import { filterOfPeer } from "./peer-filter.node.ts";
import type { SharePath } from "./share-path.ts";
import type { Share, SharedContent, TreeShareOptions } from "./share.ts";
import { readFlags } from "../bytes/open-flags.node.ts";

/** What a shared directory lets others do. */
export interface DirShareOptions extends FileCutOptions {
  /** True to offer no place to push to; false unless given. */
  readonly readOnly?: boolean;
  /** True to wait for the disk before a file gets its name. */
  readonly durable?: boolean;
  /**
   * True to let what is pushed be for everybody to write where its mode says so; false unless
   * given.
   */
  readonly worldWritable?: boolean;
}

/** Fields of an order that name directories. */
const sideDirFields = ["backupDir", "compareDest", "copyDest", "linkDest", "tempDir"] as const;

const { O_DIRECTORY } = fs.constants;

/**
 * Shares a directory: trees and files below it can be pulled, and others pushed. Nothing outside is
 * reached: links on the way to a place are not followed, whoever plants them and whenever.
 *
 * @param root links in this path are followed, once, now
 * @throws NOT_FOUND, USAGE for what is no directory, IO when it cannot be read
 */
export function dirShare(
  root: PlacePath,
  options: DirShareOptions = {},
): Required<Pick<Share, "openTree" | "openFile" | "close">> & Share {
  const held = openRoot(root);
  const files = fileShare(options);

  return {
    orderFields: [
      "maxDeletedCount",
      "filter",
      "deletesExcluded",
      "rule",
      "keep",
      "deletesAfterErrors",
      "forcesDirs",
      "refusesEmpty",
      "prunesEmptyDirs",
      "flatDirs",
      "oneFileSystem",
      "omitsMountPoints",
      "paths",
      "chunking",
      ...sideDirFields,
      "backupSuffix",
      "part",
      "fileRange",
      "restarts",
    ],
    async openTree(path, { order = {} }) {
      const filter = filterOfPeer(order);
      return withPlace(held, path, async (place) => {
        return {
          source: await openTreeSource(place, { ...order, keep: keptFor(order), follow: false, filter }),
          ...(order.chunking &&
            (await (await import("../casync/chunk-making.node.ts")).chunkMakingOf(order.chunking))),
        };
      });
    },
    async openFile(path, shareOptions) {
      return withPlace(held, path, async (place) => files.open(await openPlain(place, path), shareOptions));
    },
    async openContent(path) {
      const name = Buffer.from(path.components.at(-1) ?? []).toString();
      return withPlace(held, path, async (place) => contentOf(await openPlain(place, path), name));
    },
    async listNames({ components }, after) {
      const from = Buffer.from(after, "hex").toString("latin1");
      return withPlace(held, { components, contents: false }, (place) => listNames(place, from));
    },
    ...(options.readOnly !== true && {
      async openTarget(path: SharePath, { order = {} }: TreeShareOptions) {
        const asked = targetOptionsOf(order);
        const { fd, place } = openPlace(held, path);
        const target = await openTreeTarget(place, {
          durability: options.durable === true ? "files" : undefined,
          worldWritable: options.worldWritable ?? false,
          ...asked,
        });
        return closing(target, () => fs.closeSync(fd));
      },
      async openPreview(path: SharePath, { order = {} }: TreeShareOptions) {
        const asked = targetOptionsOf(order);
        const { fd, place } = openPlace(held, path);
        return closing(openTreePreview(place, asked), () => fs.closeSync(fd));
      },
    }),
    close: async () => held.close(),
  };
}

function openRoot(root: PlacePath): HeldDirs {
  try {
    return new HeldDirs(root);
  } catch (thrown) {
    const path = printPath(placeBytes(root));
    const about = { cause: thrown, detail: { path } };
    if (isErrno(thrown, "ENOENT")) throw new SyncError("NOT_FOUND", "no such directory", about);
    if (isErrno(thrown, "ENOTDIR")) throw new SyncError("USAGE", "only a directory can be served", about);
    throw fileTrouble(thrown, path);
  }
}

/** Opens what has to be a file. */
async function openPlain(place: NativePath, { contents }: SharePath): Promise<FileHandle> {
  if (contents) throw notFound();
  const handle = await open(place, readFlags);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close().catch(() => {});
  throw notFound();
}

/** Bytes of one read of a file that is sent as it is. */
const contentBlockBytes = 262_144;

async function contentOf(handle: FileHandle, name: string): Promise<SharedContent> {
  return {
    name,
    size: (await handle.stat()).size,
    version: versionOf(handle.fd),
    async *read(from, to) {
      const block = Buffer.allocUnsafeSlow(contentBlockBytes);
      for (let at = from; at < to;) {
        const { bytesRead } = await handle.read(block, 0, Math.min(block.length, to - at), at);
        if (bytesRead === 0) return;
        yield block.subarray(0, bytesRead);
        at += bytesRead;
      }
    },
    close: () => handle.close(),
  };
}

async function withPlace<Result>(
  held: HeldDirs,
  path: SharePath,
  use: (place: NativePath) => Promise<Result>,
): Promise<Result> {
  const { fd, place } = openPlace(held, path);
  try {
    return await closingInTheEnd(
      () => use(place),
      async () => fs.closeSync(fd),
    );
  } catch (thrown) {
    throw outward(thrown);
  }
}

/**
 * The directory around a place, held open, and a path that leads through it; good for as long as it
 * is open.
 */
function openPlace(held: HeldDirs, { components, contents }: SharePath): { fd: number; place: NativePath } {
  const names = components.map(nameOf);
  const last = names.pop() ?? ".";
  let dir: DirNode = held.root;
  for (const name of names) dir = new DirNode(dir, name);
  try {
    const fd = fs.openSync(held.pathTo(dir), O_PATH | O_DIRECTORY);
    const slash = contents && last !== "." ? "/" : "";
    return { fd, place: nativePath(`${pathOf(fd, held, dir)}/${last}${slash}`) };
  } catch (thrown) {
    throw outward(thrown);
  }
}

function pathOf(fd: number, held: HeldDirs, dir: DirNode): ByteString {
  return fs.existsSync(`/proc/self/fd/${fd}`) ? `/proc/self/fd/${fd}` : placeBytes(held.pathTo(dir));
}

/** What a session leaves behind is nobody's to see. */
function nameOf(component: Bytes): ByteString {
  const name = toByteString(component);
  if (name === stagingName) throw notFound();
  return name;
}

/** What is told of trouble with a place: not where it really is. */
function outward(thrown: unknown): SyncError {
  const errno = (thrown as NodeJS.ErrnoException).code ?? "";
  const { code, cause } = toSyncError(thrown, "IO");
  const missing = ["ENOENT", "ENOTDIR", "ELOOP"];
  if (missing.includes(errno) || code === "VANISHED" || code === "NOT_FOUND") return notFound(thrown);
  if (missing.includes((cause as NodeJS.ErrnoException | undefined)?.code ?? "")) return notFound(thrown);
  // A limit names no place, and who asked can do something about it.
  if (code === "LIMIT") return toSyncError(thrown);
  return new SyncError(code, "this place cannot be opened", { cause: thrown });
}

function notFound(cause?: unknown): SyncError {
  return new SyncError("NOT_FOUND", "there is no such place", { cause });
}

/**
 * What a target is to do, and how far it may go, here or to be seen: it follows no link.
 *
 * @throws USAGE, LIMIT, UNSUPPORTED
 */
function targetOptionsOf(order: Order) {
  const { dryRun: _, ...asked } = order;
  const outside = sideDirFields.flatMap((name) => asked[name] ?? []).find((dir) => !staysInside(dir));
  if (outside !== undefined)
    throw new SyncError("PATH", "a server works with no directory outside of the place that is pushed to");
  return { ...asked, keep: keptFor(order), follow: false, filter: filterOfPeer(order) };
}

/** Whose files are, and what attributes they have, is not told to all who may read them. */
function keptFor({ keep = plainKeep }: Order): Keep {
  return withoutPrivileges(keep);
}

/** A target that frees something more when it is closed. */
function closing(target: TreeTarget, free: () => void): TreeTarget {
  let open = true;
  return override(target, {
    close: () =>
      closingInTheEnd(
        () => target.close(),
        async () => {
          if (open) free();
          open = false;
        },
      ),
  });
}
