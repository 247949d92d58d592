import type { IncomingMessage, ServerResponse } from "node:http";
import { arrivingBody } from "../../bytes/arriving-body.node.ts";
import { ByteRoom } from "../../bytes/byte-room.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import type { Annex } from "../../http/annex.node.ts";
import { json } from "../../http/plain-answer.node.ts";
import type { Bytes } from "../../types.ts";
import { tarLikeLimits } from "./block-limits.ts";
import { type BlockPlace, BlockReceiver, type BlockReceiverOptions } from "./block-receiver.node.ts";

/** A receiver of tar-like that a server answers for. */
export interface BlockAnswers extends Annex {
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/** Bytes by which a frame may be longer than its content, where that cannot be compressed. */
const frameGrowthBytes = 1_048_576;
const number = /^\d{1,10}$/;

/**
 * Answers as the receiver of tar-like does, for what was put in place: `PUT <prefix>ID/db` and `PUT
 * <prefix>ID/SIZE/N`.
 *
 * @param prefix with a slash at both ends
 * @param root the directory that files come into
 * @param state the file in which it is recorded what has come
 * @throws LOCKED, STATE, NO_SPACE, IO
 */
export function blockAnswers(
  prefix: string,
  root: string,
  state: string,
  options: BlockReceiverOptions = {},
): BlockAnswers {
  const receiver = new BlockReceiver(root, state, options);
  const room = new ByteRoom(tarLikeLimits.heldBlockBytes);

  /** Does something with the body of a request while there is room for it and what it holds. */
  async function withBody<Result>(
    request: IncomingMessage,
    contentBytes: number,
    use: (body: Bytes) => Promise<Result>,
  ): Promise<Result> {
    const mostBytes = contentBytes + frameGrowthBytes;
    const said = request.headers["content-length"];
    if (said === undefined) throw new SyncError("BAD_MESSAGE", "a block has a Content-Length");
    if (Number(said) > mostBytes)
      throw new SyncError("BAD_MESSAGE", "the body is longer than what it may hold");
    return room.use(Number(said) + contentBytes, async () =>
      use(await arrivingBody(request, room, { mostBytes, what: "a block" })),
    );
  }

  async function takeTable(request: IncomingMessage, archive: number): Promise<unknown> {
    return withBody(request, tarLikeLimits.tableBytes, async (body) => {
      await receiver.takeTable(archive, body);
      return { rc: `the table of archive ${archive} was taken, ${body.length} bytes` };
    });
  }

  async function takeBlock(request: IncomingMessage, place: BlockPlace): Promise<unknown> {
    const { archive, blockBytes, number } = place;
    if (blockBytes > tarLikeLimits.archiveBlockBytes)
      throw new SyncError("BAD_MESSAGE", `blocks have ${tarLikeLimits.archiveBlockBytes} bytes at most`);
    return withBody(request, blockBytes, async (body) => {
      const began = performance.now();
      const frags = await receiver.takeBlock(place, body);
      return {
        blk_no: number,
        blk_size: blockBytes,
        frags,
        path: [archive, blockBytes, number],
        dur: (performance.now() - began) / 1000,
        in_len: body.length,
      };
    });
  }

  return {
    prefix,
    use: "send files",
    scopeOf: () => "write",
    async answer(request, response) {
      if (request.method !== "PUT") throw new SyncError("UNSUPPORTED", "only PUT is answered here");
      const parts = (request.url ?? "").slice(prefix.length).split("/");
      const [archive = "", size = "", block = ""] = parts;
      const isTable = parts.length === 2 && size === "db";
      if (!isTable && parts.length !== 3) throw new SyncError("BAD_MESSAGE", "this is the path of no block");
      if (![archive, ...(isTable ? [] : [size, block])].every((part) => number.test(part)))
        throw new SyncError("BAD_MESSAGE", "an archive, a size and a block are numbers");
      const place = { archive: Number(archive), blockBytes: Number(size), number: Number(block) };
      const answer = await (isTable ? takeTable(request, place.archive) : takeBlock(request, place)).catch(
        asAnswer,
      );
      sendAnswer(response, answer);
    },
    close: () => receiver.close(),
  };
}

function sendAnswer(response: ServerResponse, answer: unknown): void {
  if (!response.destroyed) json(response, answer);
}

/** What is wrong with a table is told: a server does not tell of what is damaged here. */
function asAnswer(thrown: unknown): never {
  if (!isSyncError(thrown, "CORRUPT")) throw thrown;
  throw new SyncError("BAD_MESSAGE", thrown.message, { cause: thrown, detail: thrown.detail });
}
