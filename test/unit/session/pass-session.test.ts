import { expect, test } from "vitest";
import { passSession } from "../../../src/session/pass-session.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";

test("a signal that was aborted before ends both sides", async () => {
  const reason = new Error("enough");
  const [[toSender, sender], [toReceiver, receiver]] = [duplexPair(), duplexPair()];
  await expect(passSession(toSender, toReceiver, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  for (const end of [sender, receiver]) {
    const blocks = channelOf(end).read()[Symbol.asyncIterator]();
    await expect(blocks.next()).rejects.toBeDefined();
  }
});
