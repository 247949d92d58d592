import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FileReport } from "../../../src/http/server-report.ts";
import { createServer, type SyncServer } from "../../../src/http/server.node.ts";
import { listingLimits, type SharedNames } from "../../../src/tree/entry/shared-names.ts";
import { generateToken } from "../../../src/http/tokens.node.ts";
import { noise } from "./serving.ts";

const folder = mkdtempSync(join(tmpdir(), "rsync-stream-browsing-"));
const root = join(folder, "root");
const oddName = `q"'()*;\\ ü\u202e%0d.html`;
const page = "<script>alert(1)</script>";
const content = noise(700_000);
const reader = generateToken("reader", ["read"]);
const writer = generateToken("writer", ["write"]);
const files: FileReport[] = [];
let server: SyncServer;
let url: string;

beforeAll(async () => {
  for (const name of ["sub", "many", ".rsync-stream"]) mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, "big.bin"), content);
  writeFileSync(join(root, "empty"), "");
  writeFileSync(join(root, oddName), page);
  writeFileSync(join(root, ".rsync-stream", "hidden"), "hidden");
  writeFileSync(join(folder, "secret"), "MARKER");
  writeFileSync(Buffer.concat([Buffer.from(`${root}/sub/`), Buffer.from([0xff])]), "");
  symlinkSync(folder, join(root, "out"));
  symlinkSync(join(folder, "secret"), join(root, "link"));
  const tokens = [reader.token, writer.token];
  server = createServer({ root, tokens, onFile: (report) => void files.push(report) });
  url = await server.listen();
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/**
 * By a connection of its own: one that is kept may be closed at the other end by the time that it
 * is used again.
 */
function ask(path: string, headers: Record<string, string> = {}, secret = reader.secret): Promise<Response> {
  return fetch(url + path, {
    headers: { Authorization: `Bearer ${secret}`, Connection: "close", ...headers },
  });
}

async function names(path: string): Promise<SharedNames> {
  const response = await ask(path);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  return (await response.json()) as SharedNames;
}

describe("names of a directory", () => {
  test("come in order, with what they are, but not what a session leaves behind", async () => {
    const found = await names("?view=names");
    expect(found.next).toBeUndefined();
    expect(found.names.map(({ name, kind, size }) => [name, kind, size])).toEqual([
      ["big.bin", "file", 700_000],
      ["empty", "file", 0],
      ["link", "symlink", 0],
      ["many", "dir", 0],
      ["out", "symlink", 0],
      [oddName, "file", page.length],
      ["sub", "dir", 0],
    ]);
    expect((await names("sub?view=names")).names).toMatchObject([{ name: "\ufffd", kind: "other" }]);
    expect(await names("sub/?view=names")).toEqual(await names("sub?view=names"));
  });

  test("come in parts, each name once, also when names come and go in between", async () => {
    const { listedNameCount } = listingLimits;
    const all = Array.from({ length: 2 * listedNameCount + 7 }, (_, i) => `n${String(i).padStart(5, "0")}`);
    for (const name of all) writeFileSync(join(root, "many", name), "");
    const seen: string[] = [];
    const counts: number[] = [];
    for (let after: string | undefined = ""; after !== undefined;) {
      const part: SharedNames = await names(`many?view=names&after=${after}`);
      seen.push(...part.names.map(({ name }) => name));
      counts.push(part.names.length);
      after = part.next;
      rmSync(join(root, "many", seen.at(-1)!));
      writeFileSync(join(root, "many", "a-new-one"), "");
    }
    expect(seen).toEqual(all);
    expect(counts).toEqual([listedNameCount, listedNameCount, 7]);
  });

  test.each(["out", "link", "big.bin", "nowhere", ".rsync-stream", "sub/nowhere", "out/root"])(
    "of %s are not to be had",
    async (path) => {
      const response = await ask(`${path}?view=names`);
      expect(response.status).toBe(404);
      expect(await response.text()).not.toMatch(/MARKER|secret|tmp/);
    },
  );

  test.each([
    "?view=names&after=0",
    "?view=names&after=zz",
    "?view=NAMES",
    "?view=",
    `?view=names&after=${"00".repeat(256)}`,
  ])("%s is refused", async (query) => {
    expect((await ask(query)).status).toBe(400);
  });
});

describe("the content of a file", () => {
  test("is closed, too, where no answer can be begun", async () => {
    let closedCount = 0;
    const odd = {
      name: "\ud800", // no header can have it
      size: 0,
      version: "1",
      async *read() {},
      close: async () => void closedCount++,
    };
    await using other = createServer({ share: { openContent: async () => odd } });
    const response = await fetch(new URL("odd?view=content", await other.listen()));
    expect([response.ok, closedCount]).toEqual([false, 1]);
  });

  test("is sent as something to save, that nothing shows or runs", async () => {
    const response = await ask(`${encodeURIComponent(oddName)}?view=content`);
    const { headers } = response;
    expect(await response.text()).toBe(page);
    expect(headers.get("content-type")).toBe("application/octet-stream");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("sandbox");
    const disposition = headers.get("content-disposition")!;
    expect(disposition).toMatch(/^attachment; filename="[ !#-$&-[\]-~]*"; filename\*=UTF-8''[\w.!~%-]+$/);
    expect(decodeURIComponent(/UTF-8''(.*)$/.exec(disposition)![1]!)).toBe(oddName);
  });

  test.each([
    ["", 200, 0, 700_000],
    ["bytes=0-", 206, 0, 700_000],
    ["bytes=0-0", 206, 0, 1],
    ["bytes=699999-", 206, 699_999, 700_000],
    ["bytes=300000-599999", 206, 300_000, 600_000],
    ["bytes=-10", 206, 699_990, 700_000],
    ["bytes=-999999999", 206, 0, 700_000],
    ["bytes=5-999999999999999", 206, 5, 700_000],
    ["bytes=5-4", 200, 0, 700_000],
    ["bytes=0-1,3-4", 200, 0, 700_000],
    ["bytes=-", 200, 0, 700_000],
    ["lines=1-2", 200, 0, 700_000],
  ])("%j: %d, from %d to %d", async (range, status, from, to) => {
    const response = await ask("big.bin?view=content", range === "" ? {} : { Range: range });
    expect(response.status).toBe(status);
    const told = response.headers.get("content-range");
    expect(told).toBe(status === 206 ? `bytes ${from}-${to - 1}/700000` : null);
    expect(Buffer.from(await response.arrayBuffer()).equals(content.subarray(from, to))).toBe(true);
  });

  test("begins anew when the file is not what it was, and has no part behind its end", async () => {
    const tag = (await ask("big.bin?view=content")).headers.get("etag")!;
    const part = { Range: "bytes=1-2" };
    expect((await ask("big.bin?view=content", { ...part, "If-Range": tag })).status).toBe(206);
    expect((await ask("big.bin?view=content", { ...part, "If-Range": '"other"' })).status).toBe(200);
    for (const range of ["bytes=700000-", "bytes=-0"]) {
      const response = await ask("big.bin?view=content", { Range: range });
      expect([response.status, response.headers.get("content-range")]).toEqual([416, "bytes */700000"]);
    }
    expect(await (await ask("empty?view=content")).text()).toBe("");
  });

  test("is reported", async () => {
    files.length = 0;
    await (await ask("big.bin?view=content")).arrayBuffer();
    const report = expect.objectContaining({ name: "reader", path: "/big.bin", sentBytes: 700_000 });
    await expect.poll(() => files).toContainEqual(report);
  });

  test.each(["out", "link", "sub", "", "nowhere", "big.bin/", ".rsync-stream/hidden", "out/secret"])(
    "of %j is not to be had",
    async (path) => {
      const response = await ask(`${path}?view=content`);
      expect(response.status).toBe(404);
      expect(await response.text()).not.toMatch(/MARKER|hidden/);
    },
  );
});

test.each(["?view=names", "sub?view=names", "big.bin?view=content"])(
  "%s needs the read scope",
  async (path) => {
    expect((await fetch(url + path, { headers: { Connection: "close" } })).status).toBe(401);
    expect((await ask(path, {}, writer.secret)).status).toBe(401);
    expect((await ask(path, { Origin: "https://evil.example" })).status).toBe(401);
    expect((await fetch(url + path, { method: "POST", headers: { Connection: "close" } })).status).toBe(400);
  },
);

describe("access to a session", () => {
  test.each([
    ["pull", reader.secret, 200],
    ["pull", writer.secret, 401],
    ["pull", "nobody", 401],
    ["push", writer.secret, 200],
    ["push", reader.secret, 401],
    [`push&order=${encodeURIComponent('{"maxDeletedCount":1}')}`, writer.secret, 401],
  ])("to %s: %s is answered by %d", async (wish, secret, status) => {
    const response = await ask(`nowhere?session=${wish}&view=access`, {}, secret);
    expect(response.status).toBe(status);
    await response.arrayBuffer();
  });

  test.each(["?view=access", "?session=&view=access", "?session=both&view=access"])(
    "%s makes no sense",
    async (query) => {
      expect((await ask(query)).status).toBe(400);
    },
  );
});
