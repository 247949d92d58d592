import { outputChannel, resultChannel } from "../../transfer/standard-streams.node.ts";
import type { ByteChannel } from "../../transport/channel.ts";
import type { AbortOptions, Bytes } from "../../types.ts";

/**
 * Writes all of a stream to standard output. @throws USAGE when that is a terminal, PEER_GONE,
 * NO_SPACE, IO
 */
export async function writeOutput(
  source: AsyncIterable<Bytes> | Iterable<Bytes>,
  options: AbortOptions = {},
): Promise<void> {
  await writeAll(outputChannel(), source, options);
}

/** Writes lines to standard output, which may be a terminal. @throws PEER_GONE, NO_SPACE, IO */
export async function writeLines(
  lines: AsyncIterable<string> | Iterable<string>,
  options: AbortOptions = {},
): Promise<void> {
  await writeAll(resultChannel(), encodeLines(lines), options);
}

/** Lines of text gathered into blocks of some 64 KiB. */
async function* encodeLines(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Bytes> {
  const encoder = new TextEncoder();
  let text = "";
  for await (const line of lines) {
    text += `${line}\n`;
    if (text.length < 65_536) continue;
    yield encoder.encode(text);
    text = "";
  }
  if (text !== "") yield encoder.encode(text);
}

async function writeAll(
  channel: ByteChannel,
  source: AsyncIterable<Bytes> | Iterable<Bytes>,
  { signal }: AbortOptions,
): Promise<void> {
  const stop = (): void => channel.abort(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted();
    for await (const bytes of source) await channel.write(bytes);
    await channel.end();
  } catch (thrown) {
    channel.abort(thrown);
    throw thrown;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
