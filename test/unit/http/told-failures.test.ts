import { afterAll, describe, expect, test } from "vitest";
import { override } from "../../../src/bytes/override.ts";
import { SyncError, type SyncErrorCode } from "../../../src/errors.ts";
import { createServer } from "../../../src/http/server.node.ts";
import type { SessionReport } from "../../../src/http/session-host.ts";
import type { RefusalReport } from "../../../src/http/server-report.ts";
import { createReceiver } from "../../../src/session/create-receiver.ts";
import { createSender } from "../../../src/session/create-sender.ts";
import { httpFetch } from "../../../src/transport/http-fetch.node.ts";
import { connectTurns } from "../../../src/transport/http-turns.ts";
import { connectHttp } from "../../../src/transport/http.node.ts";
import { sessionMediaType, sessionSubprotocol, sessionUrl } from "../../../src/transport/session-request.ts";
import { connectWs } from "../../../src/transport/ws.node.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";
import type { Duplex } from "../../../src/types.ts";
import { noise, rawConnection } from "./serving.ts";

/**
 * Far more than fits into the buffers on the way: the client is in the middle of sending when it is
 * refused.
 */
const tree = memoryDir({ big: memoryFile(noise(24 << 20)) });
const takenBytes = 1 << 20;

let code: SyncErrorCode = "LIMIT";
const sessions: SessionReport[] = [];
/** What came that was no request. */
const noises: RefusalReport[] = [];
const server = createServer({
  share: {
    /** Takes some, and then fails as the test says. */
    async openTarget() {
      const target = memoryTarget(memoryDir());
      let taken = 0;
      return override(target, {
        async write(placements: Parameters<typeof target.write>[0]) {
          for (const { chunk } of placements) taken += chunk.bytes.length;
          if (taken > takenBytes) throw new SyncError(code, "no more of this");
          await target.write(placements);
        },
      });
    },
    openTree: async () => ({ source: memorySource(tree), layout: "contents" as const }),
  },
  onSession: (report) => void sessions.push(report),
  onRefusal: (report) => void (report.method === undefined && noises.push(report)),
});
const url = await server.listen();
afterAll(() => server.close());

const ways: Readonly<Record<string, (asked: string) => Promise<Duplex>>> = {
  http: connectHttp,
  turns: (asked) => connectTurns(asked, { fetch: httpFetch(asked) }),
  ws: (asked) => connectWs(asked.replace(/^http/, "ws"), { protocols: [sessionSubprotocol] }),
};

const codes = [
  "LIMIT",
  "BAD_MESSAGE",
  "UNSOLICITED",
  "UNSUPPORTED",
  "PATH",
  "NO_SPACE",
  "IO",
  "CORRUPT",
] as const;

describe.each(Object.entries(ways))("over %s", (_, connect) => {
  test.each(codes)("a sender hears why it is refused in the middle: %s", async (refusal) => {
    code = refusal;
    sessions.length = 0;
    const run = createSender({
      connect: () => connect(sessionUrl(url, "push")),
      openSource: () => memorySource(tree),
      layout: "contents",
      firstWaitMs: 0,
    });
    await expect(run.done).rejects.toMatchObject({ code: refusal, message: "no more of this", remote: true });
    await expect.poll(() => sessions).toHaveLength(1);
    expect(sessions[0]!.error).toMatchObject({ code: refusal, remote: false });
    expect(noises).toEqual([]);
  });

  test("a server hears why a receiver gives up in the middle", async () => {
    sessions.length = 0;
    const run = createReceiver({
      connect: () => connect(sessionUrl(url, "pull")),
      openTarget: () => memoryTarget(memoryDir()),
      maxTotalBytes: takenBytes,
      firstWaitMs: 0,
    });
    await expect(run.done).rejects.toMatchObject({ code: "LIMIT", remote: false });
    await expect.poll(() => sessions).toHaveLength(1);
    expect(sessions[0]!.error).toMatchObject({ code: "LIMIT", remote: true });
  });
});

test("who is still sending is let speak until it has heard why it is refused", async () => {
  sessions.length = 0;
  const client = await rawConnection(Number(new URL(url).port));
  const errors: Error[] = [];
  client.socket.on("error", (error) => errors.push(error));
  client.say(
    `POST /?session=push HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${sessionMediaType}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), noise(65_536), Buffer.from("\r\n")]);
  client.say(chunk);
  expect(await client.until(/\r\n0\r\n\r\n/)).toContain("does not speak the rsync-stream session protocol");
  await new Promise((resolve) =>
    client.socket.write(Buffer.concat(Array.from({ length: 64 }, () => chunk)), resolve),
  );
  client.socket.end("0\r\n\r\n");
  await client.closed;
  expect(errors).toEqual([]);
  await expect.poll(() => sessions).toHaveLength(1);
  expect(sessions[0]!.error).toMatchObject({ code: "BAD_FRAME" });
});
