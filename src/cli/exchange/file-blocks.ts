import { open as openDescriptor, openSync, read, write } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { devNull } from "node:os";
import { promisify } from "node:util";
import type { ByteChannel } from "../../transport/channel.ts";
import { descriptorChannel } from "../../transport/stdio.node.ts";
import type { AbortOptions, Bytes } from "../../types.ts";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { statsAt } from "../../bytes/stats-at.node.ts";
import { namedFileTrouble } from "../options/named-file.ts";
import { inputChannel } from "../../transfer/standard-streams.node.ts";

const blockBytes = 256 << 10;
/** Bytes of a block that is read into again and again. */
const lentBlockBytes = 1 << 20;

export interface FileBlocksOptions extends AbortOptions {
  /** True for blocks that may change when the next one is asked for. */
  readonly lends?: boolean;
}

/**
 * The content of a file, a block at a time; each block is the caller's unless it is lent. `-` is
 * standard input.
 *
 * The iteration throws NOT_FOUND and IO.
 */
export async function* readFileBlocks(
  path: string,
  options: FileBlocksOptions = {},
): AsyncGenerator<Bytes, void, undefined> {
  if (path === "-") return yield* readChannel(inputChannel(), options);
  if (isPipe(path)) return yield* readChannel(await openPipe(path), options);
  const file = await openForReading(path);
  try {
    const lent = options.lends === true ? Buffer.allocUnsafeSlow(lentBlockBytes) : undefined;
    for (;;) {
      const block = lent ?? Buffer.allocUnsafeSlow(blockBytes);
      const { bytesRead } = await file.read(block).catch((thrown: unknown) => refuse(thrown, path));
      if (bytesRead === 0) return;
      yield block.subarray(0, bytesRead);
    }
  } finally {
    await file.close().catch(() => {}); // nothing is lost of what was read
  }
}

/** @throws IO */
function isPipe(path: string): boolean {
  try {
    return statsAt(path)?.isFIFO() === true;
  } catch (thrown) {
    return refuse(thrown, path);
  }
}

/** A pipe with a name, such as `<(...)` of a shell: a plain read of it could not be interrupted. */
async function openPipe(path: string): Promise<ByteChannel> {
  const descriptor = await promisify(openDescriptor)(pathOf(path), "r");
  return descriptorChannel(descriptor, openSync(devNull, "w"));
}

async function* readChannel(channel: ByteChannel, { signal }: AbortOptions): AsyncGenerator<Bytes, void> {
  const stop = (): void => channel.abort(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    yield* channel.read();
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** Opens a file that has to be there. @throws NOT_FOUND, IO */
export async function openForReading(path: string): Promise<FileHandle> {
  return open(pathOf(path)).catch((thrown: unknown) => refuse(thrown, path));
}

/** What is there of a part of an open file: shorter at its end. Throws what the system says. */
export async function readPart(fd: number, offset: number, size: number): Promise<Bytes> {
  const bytes = new Uint8Array(size);
  const { bytesRead } = await promisify(read)(fd, bytes, 0, size, offset);
  return bytes.subarray(0, bytesRead);
}

/**
 * Writes all of it, at an offset or else where the last write ended. Throws what the system says.
 */
export async function writeFully(fd: number, bytes: Bytes, offset?: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const position = offset === undefined ? null : offset + at;
    at += (await promisify(write)(fd, bytes, at, bytes.length - at, position)).bytesWritten;
  }
}

function refuse(thrown: unknown, path: string): never {
  throw namedFileTrouble(thrown, path);
}
