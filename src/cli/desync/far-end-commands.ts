import { nodeCoding } from "../../casync/compressor.node.ts";
import { openChunkReader, openChunkWriter } from "../../casync/open-store.node.ts";
import { servePull } from "../../casync/serve-pull.ts";
import { servePush } from "../../casync/serve-push.ts";
import { storedChunk } from "../../casync/stored-chunks.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import { duplexChannel } from "../../transfer/standard-streams.node.ts";
import type { ByteChannel } from "../../transport/channel.ts";
import { writeResult } from "../casync/index-file.ts";
import { readFileBlocks } from "../exchange/file-blocks.ts";
import type { DesyncCall, DesyncCommand } from "./desync-command.ts";

/** What casync names at the far end of its remote protocol. */
interface FarPlaces {
  readonly archive: string | undefined;
  readonly index: string | undefined;
  readonly stores: readonly string[];
}

/** Options that casync gives to its far end. */
const farOptions = {
  "log-level": { type: "string", about: "taken, for casync gives it" },
  "rate-limit-bps": { type: "string", about: "likewise" },
} as const;

/** @throws USAGE */
function placesIn({ given }: DesyncCall): FarPlaces {
  const [base, ...places] = given.operands;
  if (base !== "-") throw new SyncError("USAGE", "the first place has to be -");
  const [archive, index, ...stores] = places.map((place) => (place === "-" ? undefined : place));
  return { archive, index, stores: stores.filter((place) => place !== undefined) };
}

/** Standard input and output, which break when the command is interrupted. */
function standardChannel({ signal }: DesyncCall): ByteChannel {
  const channel = duplexChannel();
  signal.addEventListener("abort", () => channel.abort(signal.reason), { once: true });
  return channel;
}

/** Serve chunks, an index or an archive by the remote protocol of casync. */
export const pull: DesyncCommand = {
  usage: "- <archive|-> <index|-> <store|-> [<store>...]",
  about: "Serve chunks via casync protocol over SSH",
  operandCount: [4, Number.POSITIVE_INFINITY],
  options: farOptions,
  async run(call) {
    const { digest, signal } = call;
    const { archive, index, stores } = placesIn(call);
    await using store =
      stores.length > 0 ? openChunkReader(stores, { coding: nodeCoding, digest }) : undefined;
    try {
      await servePull(standardChannel(call), {
        ...(store && { stored: (id) => storedChunk(store, id, nodeCoding).catch(() => undefined) }),
        ...(index !== undefined && { index: () => readFileBlocks(index, { signal }) }),
        ...(archive !== undefined && { archive: () => readFileBlocks(archive, { signal }) }),
      });
    } catch (thrown) {
      // casync goes when it has all it needs, whatever else it has asked for.
      if (!isSyncError(thrown, "PEER_GONE")) throw thrown;
    }
  },
};

/** Take an index with its chunks, or an archive, by the remote protocol of casync. */
export const push: DesyncCommand = {
  usage: "- <archive|-> <index|-> <store|-> [<store>...]",
  about: "Take an index and its chunks via casync protocol over SSH",
  operandCount: [4, Number.POSITIVE_INFINITY],
  options: farOptions,
  async run(call) {
    const { signal } = call;
    const { archive, index, stores } = placesIn(call);
    // Of the others casync only reads; what is pushed is complete in the first.
    const [store] = stores;
    await servePush(standardChannel(call), {
      coding: nodeCoding,
      ...(store !== undefined && { store: (digest) => openChunkWriter(store, { digest, create: true }) }),
      ...(index !== undefined && { index: (content) => writeResult(index, content, { signal }) }),
      ...(archive !== undefined && { archive: (content) => writeResult(archive, content, { signal }) }),
    });
  },
};
