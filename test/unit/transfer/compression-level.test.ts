import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { CompressionLevel } from "../../../src/bytes/deflate.ts";
import { createServer } from "../../../src/http/server.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";

/** Text in which effort finds more. */
function text(): string {
  let state = 1;
  const draw = (count: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % count;
  };
  const phrases = Array.from({ length: 3000 }, () =>
    Array.from({ length: 5 }, () => draw(5000).toString(36)).join(" "),
  );
  return Array.from({ length: 40_000 }, () => phrases[draw(phrases.length)]!).join("\n");
}

test("more effort sends fewer bytes, to a server and from one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-level-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "from"));
  writeFileSync(join(folder, "from", "text"), text());
  const server = createServer({ root: folder });
  onTestFinished(() => server.close());
  const url = (await server.listen({ port: 0 })).replace("http:", "ws:");
  const bytesAt = async (from: string, to: string, compressionLevel: CompressionLevel) => {
    const { wireSentBytes, wireReceivedBytes } = await transfer(from, to, {
      compress: true,
      compressionLevel,
    });
    return wireSentBytes + wireReceivedBytes;
  };
  for (const [from, to] of [
    [`${folder}/from/`, `${url}pushed`],
    [`${url}from/`, `${folder}/pulled`],
  ] as const) {
    const [fast, small] = [await bytesAt(from, `${to}1`, 1), await bytesAt(from, `${to}9`, 9)];
    expect(small).toBeLessThan(0.9 * fast);
  }
});
