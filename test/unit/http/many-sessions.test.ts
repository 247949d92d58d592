import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { equalBytes } from "../../../src/bytes/compare.ts";
import { createServer } from "../../../src/http/server.node.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { type ChannelDuplex, duplexOf } from "../../../src/transport/channel.ts";
import { connectHttp } from "../../../src/transport/http.node.ts";
import { sessionUrl } from "../../../src/transport/session-request.ts";
import { connectWs } from "../../../src/transport/ws.node.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { memoryDir, type MemoryDir } from "../../../src/tree/memory/memory-tree.ts";
import { noise } from "./serving.ts";

const sessionCount = 96;
const root = mkdtempSync(join(tmpdir(), "rsync-stream-many-"));
const treeBytes = 20 * 10_000;
mkdirSync(join(root, "sub"));
for (let index = 0; index < 20; index++) {
  writeFileSync(join(root, "sub", `${index}`), noise(10_000, index));
}
afterAll(() => rmSync(root, { recursive: true }));

/** The same connection, torn off when so many bytes have come. */
function tornAfter(bytes: number, { channel }: ChannelDuplex): ChannelDuplex {
  return duplexOf({
    write: (block) => channel.write(block),
    end: () => channel.end(),
    abort: (reason) => channel.abort(reason),
    async *read(options) {
      let seenBytes = 0;
      for await (const block of channel.read(options)) {
        seenBytes += block.length;
        if (seenBytes >= bytes) channel.abort(new Error("torn"));
        yield block;
      }
    },
  });
}

function isWhole(tree: MemoryDir): boolean {
  const sub = tree.children.get("sub");
  if (sub?.kind !== "dir" || sub.children.size !== 20) return false;
  return [...sub.children].every(
    ([name, file]) => file.kind === "file" && equalBytes(file.bytes, noise(10_000, Number(name))),
  );
}

test("of many sessions at once half are torn off; the rest get it all and nothing stays behind", async () => {
  const reports: boolean[] = [];
  const server = createServer({
    root,
    sessionCount,
    sessionsPerAddressCount: sessionCount,
    onSession: ({ error }) => void reports.push(error === undefined),
  });
  const url = sessionUrl(await server.listen(), "pull");
  const openBefore = process.getActiveResourcesInfo().length;

  async function pullOne(index: number): Promise<boolean> {
    const duplex = await (index % 4 < 2
      ? connectHttp(url)
      : connectWs(url.replace("http", "ws"), { protocols: ["rsync-stream.1"] }));
    const tree = memoryDir();
    const torn = index % 2 === 1;
    const used = torn ? tornAfter((index * treeBytes) / (2 * sessionCount), duplex) : duplex;
    const done = receiveTree(memoryTarget(tree), used);
    if (!torn) return done.then(() => isWhole(tree));
    await expect(done).rejects.toThrow("torn");
    return false;
  }

  const done = await Promise.all(Array.from({ length: sessionCount }, (_, index) => pullOne(index)));
  expect(done.filter(Boolean)).toHaveLength(sessionCount / 2);
  await expect.poll(() => reports.length).toBe(sessionCount);
  expect(reports.filter(Boolean).length).toBeGreaterThanOrEqual(sessionCount / 2);
  await expect.poll(() => process.getActiveResourcesInfo().length).toBeLessThanOrEqual(openBefore);
  await server.close();
});
