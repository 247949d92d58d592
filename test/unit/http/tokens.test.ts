import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createServer } from "../../../src/http/server.node.ts";
import { limitsOfPush, servedLimits } from "../../../src/http/served-limits.ts";
import { parseTokens } from "../../../src/http/tokens.node.ts";
import { sendTree } from "../../../src/session/send.ts";
import { sessionUrl } from "../../../src/transport/session-request.ts";
import { connectWs } from "../../../src/transport/ws.node.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";

const secret = "s".repeat(24);

test.each([
  ["as it is", secret],
  ["by its digest", `sha256:${createHash("sha256").update(secret).digest("hex")}`],
])("a token stands in one line, %s", (_, again) => {
  const lines = [`a read ${secret}`, "", `b read,write ${"t".repeat(24)}`, `c write ${again}`];
  expect(() => parseTokens(lines.join("\n"))).toThrow("token file, line 4: the token of line 1 again");
  expect(parseTokens(lines.slice(0, 3).join("\n"))).toHaveLength(2);
});

describe("limits of a token", () => {
  test.each([
    ["", {}],
    ["max-entries=10", { maxEntryCount: 10 }],
    ["max-bytes=2G max-expansion=0", { maxTotalBytes: 2 ** 31, maxExpansion: Infinity }],
  ])("%j", (words, limits) => {
    expect(parseTokens(`a write ${secret} ${words}`)[0]).toMatchObject({ limits });
  });

  test.each([
    "max-entries",
    "max-entries=",
    "max-entries=x",
    "max-entries=-1",
    "max-entries=1=2",
    "max-entries=1 max-entries=2",
    "max-files=1",
    "constructor=1",
    "max-bytes=1.5G",
    "max-bytes=9999999T",
  ])("not %s", (words) => {
    expect(() => parseTokens(`# a\na write ${secret} ${words}`)).toThrow(
      /token file, line 2: behind the token/,
    );
  });

  test("come before those of the server, and those before the usual ones", () => {
    expect(limitsOfPush({ maxEntryCount: 1, maxTotalBytes: 2 }, { maxEntryCount: 3 })).toEqual({
      maxEntryCount: 3,
      maxTotalBytes: 2,
      maxExpansion: servedLimits.servedExpansion,
    });
  });

  test("hold for whoever shows it", async () => {
    const root = mkdtempSync(join(tmpdir(), "rsync-stream-tokens-"));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    const other = "o".repeat(24);
    const tokens = parseTokens(`a write ${secret} max-bytes=9\nb write ${other}`);
    await using server = createServer({ root, tokens, maxTotalBytes: 10 });
    const url = sessionUrl(await server.listen(), "push").replace(/^http/, "ws");
    const push = async (token: string, size: number) => {
      const headers = { Authorization: `Bearer ${token}` };
      const duplex = await connectWs(url, { headers, protocols: ["rsync-stream.1"] });
      const tree = memoryDir({ [`f${size}`]: memoryFile(new Uint8Array(size)) });
      return sendTree(memorySource(tree), duplex, { layout: "contents" });
    };
    await expect(push(secret, 10)).rejects.toMatchObject({ code: "LIMIT", remote: true });
    await push(secret, 9);
    await push(other, 10);
    await expect(push(other, 11)).rejects.toMatchObject({ code: "LIMIT", remote: true });
    expect(readdirSync(root).sort()).toEqual(["f10", "f9"]);
  });
});
