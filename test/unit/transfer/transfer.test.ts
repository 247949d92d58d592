import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createServer } from "../../../src/http/server.node.ts";
import { generateToken } from "../../../src/http/tokens.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import type { TreeChange } from "../../../src/tree/entry/entry.ts";
import { describeTree, tempDir } from "../tree/disk/disk-tree.ts";

/** A place with a tree of two files in it. */
function makePlace() {
  const { path, [Symbol.dispose]: dispose } = tempDir();
  const from = join(path, "from");
  mkdirSync(join(from, "sub"), { recursive: true });
  writeFileSync(join(from, "a"), "alpha");
  writeFileSync(join(from, "sub", "b.o"), "beta");
  return { path, from, to: join(path, "to"), [Symbol.dispose]: dispose };
}

describe("what was sent is not removed", () => {
  it.each([
    ["a tree to itself", "from/", "from"],
    ["a tree to itself by another path", "from/.", "link"],
    ["a directory to where it is", "from", "."],
    ["a file to itself", "from/a", "from/a"],
    ["a file to where it is", "from/a", "from/"],
    ["a tree into itself", "from/", "from/sub"],
    ["a tree to a directory above it, where it holds one of its own name", "from/", "."],
    ["a tree to where a link leads back", "from/", "linked"],
  ])("of %s", async (_, from, to) => {
    using place = makePlace();
    const root = join(place.from, "..");
    symlinkSync("from", join(root, "link"));
    mkdirSync(join(place.from, "from"));
    mkdirSync(join(root, "linked"));
    symlinkSync("../from/sub", join(root, "linked", "sub"));
    const before = describeTree(place.from);
    const sent = transfer(`${root}/${from}`, `${root}/${to}`, {
      removesSourceFiles: true,
      keepsDirLinks: true,
    });
    await expect(sent).rejects.toMatchObject({ code: "USAGE" });
    expect(describeTree(place.from)).toEqual(before);
  });

  it("where longer files stay as they are", async () => {
    using place = makePlace();
    mkdirSync(place.to);
    writeFileSync(join(place.to, "a"), "something else");
    const options = { removesSourceFiles: true, rule: { onlyLonger: true } };
    await expect(transfer(`${place.from}/`, place.to, options)).rejects.toMatchObject({ code: "USAGE" });
    expect(existsSync(join(place.from, "a"))).toBe(true);
  });
});

describe("from here to here", () => {
  it("copies, and copies nothing the second time", async () => {
    using place = makePlace();
    const changed: string[] = [];
    const onChange = ({ change }: TreeChange) => void changed.push(change);
    const first = await transfer(`${place.from}/`, place.to, { onChange });
    expect(first).toMatchObject({ type: "receive", receivedBytes: 9, failed: 0 });
    expect(describeTree(place.to)).toEqual(describeTree(place.from));
    expect(changed.length).toBeGreaterThan(0);
    changed.length = 0;
    expect(await transfer(`${place.from}/`, place.to, { onChange })).toMatchObject({ receivedBytes: 0 });
    expect(changed).toEqual([]);
  });

  it("leaves out, spares and deletes as it is told, and in a dry run nothing", async () => {
    using place = makePlace();
    mkdirSync(place.to);
    for (const name of ["old", "old.o"]) writeFileSync(join(place.to, name), name);
    const deleted: string[] = [];
    const options = {
      filter: ["- *.o"],
      maxDeletedCount: 1,
      onChange: ({ change, path }: TreeChange) => void (change === "deleted" && deleted.push(path)),
    };
    await transfer(`${place.from}/`, place.to, { ...options, dryRun: true });
    expect(existsSync(join(place.to, "a"))).toBe(false);
    expect(deleted).toHaveLength(1);
    await transfer(`${place.from}/`, place.to, options);
    const there = ["a", "old", "old.o", "sub/b.o"].filter((name) => existsSync(join(place.to, name)));
    expect(there).toEqual(["a", "old.o"]);
    expect(deleted).toHaveLength(2);
  });

  it("says which of the two places is at fault", async () => {
    using place = makePlace();
    const missing = join(place.path, "missing");
    await expect(transfer(missing, place.to)).rejects.toMatchObject({
      code: "NOT_FOUND",
      remote: false,
      detail: { path: missing },
    });
    expect(existsSync(place.to)).toBe(false);
    await expect(transfer(place.from, join(missing, "to"))).rejects.toMatchObject({
      code: "NOT_FOUND",
      remote: false,
      message: expect.stringContaining("around the destination"),
    });
  });

  it("stops for the reason of the signal", async () => {
    using place = makePlace();
    const reason = new Error("enough");
    await expect(transfer(place.from, place.to, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(existsSync(place.to)).toBe(false);
  });
});

describe("with a server", () => {
  it.each(["http", "ws", "turns"])("pushes and pulls over %s", async (way) => {
    using place = makePlace();
    const root = join(place.path, "root");
    mkdirSync(root);
    const { secret, token } = generateToken("me", ["read", "write"]);
    const server = createServer({ root, tokens: [token] });
    try {
      const url = (await server.listen()).replace(/\/$/, "");
      const there = way === "ws" ? url.replace(/^http/, "ws") : url;
      let connectCount = 0;
      const options = {
        headers: { Authorization: `Bearer ${secret}` },
        turns: way === "turns",
        onConnect: () => void connectCount++,
      };
      expect(await transfer(`${place.from}/`, `${there}/tree/`, options)).toMatchObject({
        type: "send",
        sentBytes: 9,
      });
      expect(describeTree(join(root, "tree"))).toEqual(describeTree(place.from));
      expect(await transfer(`${there}/tree/`, place.to, options)).toMatchObject({
        type: "receive",
        receivedBytes: 9,
      });
      expect(readFileSync(join(place.to, "sub", "b.o"), "utf8")).toBe("beta");
      expect(connectCount).toBe(2);
    } finally {
      await server.close();
    }
  });
});

describe("what makes no sense is refused before anything is done", () => {
  it.each([
    ["compression between others", "host:a", "http://host/b", { compress: true }, /is not compressed/],
    ["turns over a shell", ".", "host:a", { turns: true }, /goes with a URL/],
    ["a shell that is none", ".", "host:a", { rsh: "'" }, /not a command/],
  ])("%s", async (_, from, to, options, message) => {
    let isConnected = false;
    const onConnect = () => void (isConnected = true);
    await expect(transfer(from, to, { ...options, onConnect })).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(message),
    });
    expect(isConnected).toBe(false);
  });

  it("more rules than fit into a command line there", async () => {
    const filter = Array.from({ length: 1000 }, (_, i) => `- ${"x".repeat(200)}${i}`);
    await expect(transfer("host:a", ".", { filter })).rejects.toMatchObject({ code: "LIMIT" });
  });

  it("more patterns than a filter holds", async () => {
    const filter = Array.from({ length: 10_001 }, (_, i) => `- ${i}`);
    await expect(transfer(".", "host:a", { filter })).rejects.toMatchObject({ code: "LIMIT" });
  });
});
