import fs from "node:fs";
import { pathOf } from "../bytes/byte-path.node.ts";
import { SyncError } from "../errors.ts";
import { ioError } from "../store/io-error.node.ts";
import type { AbortOptions } from "../types.ts";
import { checkedEntries, damaged } from "./checked-entries.node.ts";
import { linesOf } from "./text-lines.ts";
import {
  EntryCounter,
  type IndexedEntry,
  type IndexFacts,
  type IndexTotals,
  type TreeIndex,
} from "./tree-index.node.ts";
import type { IndexForm } from "./write-index.node.ts";

/** What the first line of an index of JSON lines begins with. */
export const jsonMagic = '{"format":"rsync-stream tree index"';
const version = 1;
const blockBytes = 262_144;
/** Bytes at either end of the file in which its first and last line are looked for. */
const endBytes = 8192;

/** An index as lines of JSON: what it is, an entry a line, and what all of them come to. */
export const jsonForm: IndexForm = {
  write: (path, { digest, isOfFiles }) => {
    const fd = fs.openSync(pathOf(path), "wx");
    const counter = new EntryCounter();
    const write = (text: string): void => {
      try {
        fs.writeFileSync(fd, text);
      } catch (thrown) {
        throw ioError(thrown, path);
      }
    };
    write(
      `${JSON.stringify({ format: "rsync-stream tree index", version, digest, ...(isOfFiles && { only: "files" }) })}\n`,
    );
    return {
      add: (entries) => write(counter.count(entries)),
      end: () => {
        const totals = counter.totals();
        write(`${JSON.stringify({ totals })}\n`);
        return totals;
      },
      close: () => fs.closeSync(fd),
    };
  },
};

/** Opens an index of JSON lines. @throws UNSUPPORTED, CORRUPT, IO */
export function openJsonIndex(path: string): TreeIndex {
  const facts = readHeader(firstLineOf(path));
  const totals = readTotals(lastLineOf(path));
  return {
    facts,
    totals,
    entries: (options) => checkedEntries(readEntries(path, options), () => totals),
    close: () => {},
  };
}

function readHeader(line: string): IndexFacts {
  const { version: found, digest, only } = parse(line);
  if (found !== version) throw new SyncError("UNSUPPORTED", "this index was written by another version");
  if (digest !== undefined && typeof digest !== "string") throw damaged("its first line is wrong");
  return { digest, isOfFiles: only === "files" };
}

function readTotals(line: string): IndexTotals {
  const { totals } = parse(line);
  if (typeof totals !== "object" || totals === null) throw damaged("it was not completed");
  return totals as IndexTotals;
}

function firstLineOf(path: string): string {
  return readAt(path, 0).split("\n")[0]!;
}

function lastLineOf(path: string): string {
  const end = fs.statSync(pathOf(path)).size;
  return readAt(path, Math.max(0, end - endBytes))
    .trimEnd()
    .split("\n")
    .at(-1)!;
}

function readAt(path: string, offset: number): string {
  const fd = fs.openSync(pathOf(path), "r");
  try {
    const bytes = Buffer.alloc(endBytes);
    return bytes.toString("utf8", 0, fs.readSync(fd, bytes, 0, bytes.length, offset));
  } finally {
    fs.closeSync(fd);
  }
}

async function* readEntries(
  path: string,
  { signal }: AbortOptions = {},
): AsyncGenerator<readonly IndexedEntry[]> {
  let isFirst = true;
  for await (const lines of linesOf(fs.createReadStream(pathOf(path), { highWaterMark: blockBytes }))) {
    signal?.throwIfAborted();
    const rows = lines.slice(isFirst ? 1 : 0).filter((line) => !line.startsWith('{"totals"'));
    isFirst = false;
    yield rows.map((line) => entryOf(parse(line)));
  }
}

function entryOf(fields: Readonly<Record<string, unknown>>): IndexedEntry {
  const { path, kind, size, mode, mtime, nsec, target, digest, unsettled } = fields;
  const isUnsettled = unsettled === true;
  return {
    path,
    kind,
    size,
    mode,
    mtimeSec: mtime,
    mtimeNsec: nsec,
    target,
    digest,
    isUnsettled,
  } as IndexedEntry;
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw damaged("a line of it is no JSON", cause);
  }
  throw damaged("a line of it is no record");
}
