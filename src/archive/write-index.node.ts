import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { pathOf } from "../bytes/byte-path.node.ts";
import { statsAt } from "../bytes/stats-at.node.ts";
import { SyncError } from "../errors.ts";
import { ioError } from "../store/io-error.node.ts";
import { realPath } from "./real-path.node.ts";
import type { IndexedEntry, IndexFacts, IndexTotals, IndexWriter } from "./tree-index.node.ts";

/** A form in which an index is written into a new file. */
export interface IndexForm {
  write(path: string, facts: IndexFacts): FormWriter;
}

/** Writes one. */
export interface FormWriter {
  add(entries: readonly IndexedEntry[]): void;
  /** Writes what stands behind all entries. */
  end(): IndexTotals;
  close(): void;
}

/**
 * Writes an index into a file, which is replaced when all is there: an old one stays until then.
 *
 * @throws USAGE for a place that is no file, NOT_FOUND without a directory around it, NO_SPACE, IO
 */
export function writeIndex(path: string, form: IndexForm, facts: IndexFacts): IndexWriter {
  checkPlace(path);
  const incomplete = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  let writer: FormWriter | undefined;
  const remove = (): void => fs.rmSync(pathOf(incomplete), { force: true });
  const close = (): void => {
    const open = writer;
    writer = undefined;
    open?.close();
  };
  try {
    writer = form.write(incomplete, facts);
  } catch (thrown) {
    remove();
    throw thrown;
  }
  return {
    add: (entries) => writer!.add(entries),
    finish: () => {
      const totals = writer!.end();
      close();
      putInPlace(incomplete, path);
      return totals;
    },
    close: () => {
      try {
        close();
      } finally {
        remove();
      }
    },
  };
}

/**
 * Finds the path of an index in a tree, and of what it is written to: neither is a part of what the
 * index is of. Undefined where it lies elsewhere.
 */
export function findPlaceIn(tree: string, path: string): RegExp | undefined {
  const top = realPath(tree);
  const place = join(realPath(dirname(path)), basename(path));
  const below = relative(top, place);
  if (below.startsWith("..") || below === "") return undefined;
  const [around, name] = [dirname(below), basename(below)].map((text) =>
    text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
  );
  const before = dirname(below) === "." ? "" : `${around}/`;
  return new RegExp(`^${before}(?:${name}|\\.${name}\\.[0-9a-f]{12}(?:\\.lock)?)$`);
}

function checkPlace(path: string): void {
  const detail = { path };
  if (path.endsWith("/") || statsAt(path)?.isFile() === false)
    throw new SyncError("USAGE", "an index is a file", { detail });
  if (statsAt(dirname(path))?.isDirectory() !== true)
    throw new SyncError("NOT_FOUND", "the directory around it does not exist", { detail });
}

function putInPlace(incomplete: string, path: string): void {
  try {
    const fd = fs.openSync(pathOf(incomplete), "r+");
    try {
      const old = fs.statSync(pathOf(path), { throwIfNoEntry: false });
      fs.fchmodSync(fd, old ? old.mode & 0o777 : 0o666 & ~process.umask());
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(pathOf(incomplete), pathOf(path));
  } catch (thrown) {
    throw ioError(thrown, path);
  }
}
