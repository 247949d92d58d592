import { createHash } from "node:crypto";
import fs from "node:fs";
import { pathOf } from "../../bytes/byte-path.node.ts";
import type { Database } from "node-sqlite3-wasm";
import { inAnyOrder } from "../../bytes/in-any-order.ts";
import { SyncError, toSyncError } from "../../errors.ts";
import type { HttpOptions } from "../../transport/http-request.node.ts";
import { openSqlite, sqlite } from "../sqlite-file.node.ts";
import { tarLikeLimits } from "./block-limits.ts";
import { putFrame } from "./block-requests.node.ts";
import { type Block, cutBlocks, sharingBlocks } from "./cut-blocks.ts";
import { encodeFrame } from "./frames.node.ts";
import { readBlock } from "./read-block.node.ts";
import { SentBlocks } from "./sent-blocks.node.ts";
import { hasTarTable, readTarTable } from "./tar-table.node.ts";

/** How blocks are sent. */
export interface SendBlocksOptions {
  /** Bytes of a block; 30,000,000 unless given, as with tar-like. */
  readonly blockBytes?: number | undefined;
  /** The first block that is sent; 0 unless given. */
  readonly first?: number | undefined;
  /** The last one; the last of the archive unless given. */
  readonly last?: number | undefined;
  /** Blocks that are under way at a time; 5 unless given, as with tar-like. */
  readonly blockCount?: number | undefined;
  /** Where it is recorded which blocks were acknowledged; nowhere unless given. */
  readonly state?: string | undefined;
  /** Called for each file that keeps a block from being sent. */
  readonly onTrouble?: (error: SyncError) => void;
  readonly onProgress?: (progress: SendBlocksProgress) => void;
}

/** How far the sending is. */
export interface SendBlocksProgress {
  readonly blocks: number;
  /** Blocks that the archive has, whether they are asked for or not. */
  readonly archiveBlocks: number;
  /** Bytes of the blocks so far, sent now or before. */
  readonly doneBytes: number;
  readonly newBytes: number;
  /** Bytes of the frames. */
  readonly wireBytes: number;
  /** Blocks that could not be sent, as a file of them is not what the table tells. */
  readonly failedBlocks: number;
  /** Files without content that a receiver of tar-like does not make. */
  readonly lostFiles: number;
}

/**
 * Sends the files of a table below a directory to a receiver of tar-like: the table, then block for
 * block.
 *
 * @param table the database of tar-like
 * @param url the prefix and the number of the archive: `http://host:8000/tar/0`
 * @throws what the receiver says; BAD_MESSAGE, CORRUPT, PATH for a table that is none; STATE, IO
 */
export async function sendBlocks(
  root: string,
  table: string,
  url: string,
  options: SendBlocksOptions & { readonly http: HttpOptions },
): Promise<SendBlocksProgress> {
  if (fs.statSync(pathOf(table)).size > tarLikeLimits.tableBytes)
    throw new SyncError("LIMIT", "the table is too long", { detail: { path: table } });
  const database = openSqlite(table);
  try {
    return await sendTable(root, { database, path: table }, url, options);
  } finally {
    database.close();
  }
}

async function sendTable(
  root: string,
  { database, path: table }: { readonly database: Database; readonly path: string },
  url: string,
  { http, ...options }: SendBlocksOptions & { readonly http: HttpOptions },
): Promise<SendBlocksProgress> {
  const { blockBytes = 30_000_000, first = 0, last = Infinity, blockCount = 5 } = options;
  const content = fs.readFileSync(pathOf(table));
  const sent = new SentBlocks(options.state, {
    table: createHash("sha256").update(content).digest("hex"),
    url,
    blockBytes,
  });
  const counts = { blocks: 0, archiveBlocks: 0, failedBlocks: 0, lostFiles: 0 };
  const progress = { ...counts, doneBytes: 0, newBytes: 0, wireBytes: 0 };
  const { signal } = http;
  /** Blocks of files of which the receiver has given up what had come. */
  const lost: (readonly [first: number, last: number])[] = [];

  async function send(block: Block): Promise<void> {
    signal?.throwIfAborted();
    if (!sent.has(block.number)) {
      const frame = await encodeFrame(await readBlock(root, block));
      const isDone = isAnswerTo(block, blockBytes);
      await putFrame({ url: `${url}/${blockBytes}/${block.number}`, frame, isDone }, http);
      sent.add(block.number);
      progress.newBytes += block.bytes;
      progress.wireBytes += frame.length;
    }
    progress.blocks += 1;
    progress.doneBytes += block.bytes;
    options.onProgress?.(progress);
  }

  /** A block that cannot be read does not keep the others from being sent. */
  async function trySend(block: Block): Promise<void> {
    try {
      await send(block);
    } catch (thrown) {
      const error = toSyncError(thrown);
      if (error.remote && error.code === "CHANGED") lost.push(sharingBlocks(block, blockBytes));
      if (signal?.aborted === true || error.remote || error.detail.path === undefined) throw thrown;
      progress.failedBlocks += 1;
      options.onTrouble?.(error);
    }
  }

  try {
    if (!sqlite(table, () => hasTarTable(database)))
      throw new SyncError("BAD_MESSAGE", "this is not a table of tar-like", { detail: { path: table } });
    for (const rows of readTarTable(database, table))
      for (const { size, offset } of rows) {
        progress.archiveBlocks = Math.ceil((offset + size) / blockBytes);
        if (size === 0 && offset % blockBytes === 0) progress.lostFiles += 1;
      }
    const isDone = ({ rc }: Readonly<Record<string, unknown>>): boolean => typeof rc === "string";
    await putFrame({ url: `${url}/db`, frame: await encodeFrame(content), isDone }, http);
    const blocks = cutBlocks(readTarTable(database, table), blockBytes);
    const isWanted = ({ number }: Block): boolean => number >= first && number <= last;
    await inAnyOrder(filtered(blocks, isWanted), { count: blockCount }, trySend);
    return progress;
  } finally {
    // None is under way by now that could be acknowledged behind that.
    for (const range of lost) sent.forget(...range);
    sent.close();
  }
}

function* filtered<Item>(items: Iterable<Item>, isWanted: (item: Item) => boolean): Generator<Item> {
  for (const item of items) if (isWanted(item)) yield item;
}

/** A receiver that has no table says that it did nothing as if that were well: with no files. */
function isAnswerTo({ number }: Block, blockBytes: number) {
  return (answer: Readonly<Record<string, unknown>>): boolean =>
    answer["blk_no"] === number && answer["blk_size"] === blockBytes && Number(answer["frags"]) > 0;
}
