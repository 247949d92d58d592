import fs from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createServer, type SyncServer } from "../../../src/http/server.node.ts";
import { openSession } from "../../../src/http/session-host.ts";
import { generateToken } from "../../../src/http/tokens.node.ts";
import type { TransferOptions } from "../../../src/transfer/transfer-options.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import { notLinux, unless } from "../../obstacles.ts";
import { openBelow } from "../../open-handles.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

const { secret, token } = generateToken("all", ["read", "write", "delete"]);
const tokens = [token];
const asAll = { headers: { Authorization: `Bearer ${secret}` } };
const schemes = ["http", "ws"] as const;
let server: SyncServer | undefined;

afterEach(() => server?.close());

/** A server of `there` in a new folder, with `here` beside it: both have some files. */
async function serving() {
  const { path, [Symbol.dispose]: dispose } = tempDir();
  const [here, there] = [join(path, "here"), join(path, "there")];
  plant(here, ["a", "b.o", "sub/c.o"]);
  plant(there, ["old", "old.o", "sub/old.o"]);
  server = createServer({ root: there, tokens });
  const url = await server.listen();
  return { here, there, at: (scheme: string) => url.replace(/^http/, scheme), [Symbol.dispose]: dispose };
}

function plant(root: string, names: readonly string[]): void {
  for (const name of names) {
    fs.mkdirSync(join(root, name, ".."), { recursive: true });
    fs.writeFileSync(join(root, name), name);
  }
}

const namesIn = (dir: string) => fs.readdirSync(dir, { recursive: true }).sort();

describe.each(schemes)("over %s", (scheme) => {
  it("a push tells the server what to spare and what to leave alone", async () => {
    using place = await serving();
    fs.writeFileSync(join(place.there, "a"), "longer");
    await transfer(`${place.here}/`, place.at(scheme), {
      ...asAll,
      filter: ["- *.o"],
      maxDeletedCount: 10,
      rule: { onlyNew: true },
    });
    expect(namesIn(place.there)).toEqual(["a", "old.o", "sub", "sub/old.o"]);
    expect(fs.readFileSync(join(place.there, "a"), "latin1")).toBe("longer");
  });

  it("a pull tells the server what to leave out", async () => {
    using place = await serving();
    fs.writeFileSync(join(place.there, ".rules"), "- old\n");
    await transfer(place.at(scheme), place.here, { ...asAll, filter: ["- /sub/*.o", ": .rules"] });
    expect(namesIn(place.here)).toEqual([".rules", "a", "b.o", "old.o", "sub", "sub/c.o"]);
  });

  it.each([": /.rules", ": ../.rules"])("%s reads no file above the tree of the server", async (rule) => {
    using place = await serving();
    fs.writeFileSync(join(place.there, ".rules"), "- old\n");
    fs.writeFileSync(join(place.there, "..", ".rules"), "- old.o\n");
    await transfer(place.at(scheme), place.here, { ...asAll, filter: [rule] });
    expect(namesIn(place.here)).toContain("old.o");
    expect(namesIn(place.here)).not.toContain("old");
  });

  it.each([
    ["where the tree is", { filter: ["-/ /srv"] }, "UNSUPPORTED"],
    ["more rules than a URL holds", { filter: Array.from({ length: 1000 }, (_, i) => `- ${i}aa`) }, "LIMIT"],
  ] satisfies [string, TransferOptions, string][])("does not ask for %s", async (_, options, code) => {
    using place = await serving();
    await expect(
      transfer(place.at(scheme), place.here, { ...asAll, ...options, retries: 0 }),
    ).rejects.toMatchObject({ code });
  });
});

const { test: onLinux } = unless(notLinux);

onLinux.each([
  ["backups among what is staged", "push", { backupDir: ".rsync-stream" }, "PATH"],
  ["links to what is staged", "push", { linkDest: ["sub/.rsync-stream"] }, "PATH"],
  ["a suffix that is a path", "push", { backupSuffix: "/x" }, "USAGE"],
  ["a mode that is none", "push", { keep: { chmod: "zzz" } }, "USAGE"],
  ["a path that leads out", "pull", { paths: ["../x"] }, "USAGE"],
] satisfies [string, string, TransferOptions, string][])(
  "refuses %s, and leaves nothing open",
  async (_, direction, options, code) => {
    using place = await serving();
    const before = [namesIn(place.there), openBelow(place.there)];
    const places = [`${place.here}/`, place.at("http")] as const;
    const [from, to] = direction === "push" ? places : [places[1], places[0]];
    await expect(transfer(from, to, { ...asAll, ...options, retries: 0 })).rejects.toMatchObject({ code });
    const state = () => [namesIn(place.there), openBelow(place.there)];
    await expect.poll(state).toEqual(before);
  },
);

it("nobody gives new content to a setuid file that stays one", async () => {
  using place = await serving();
  const file = join(place.there, "a");
  for (const perms of [false, true]) {
    fs.writeFileSync(file, "longer");
    fs.chmodSync(file, 0o4755);
    await transfer(`${place.here}/`, place.at("http"), { ...asAll, keep: { perms } });
    expect(fs.readFileSync(file, "utf8")).toBe("a");
    expect(fs.statSync(file).mode & 0o7000).toBe(0);
  }
});

it("a share is asked for nothing that it does not carry out", async () => {
  using place = await serving();
  server = createServer({ share: { openTree: () => Promise.reject(new Error("opened")) }, tokens });
  const url = await server.listen();
  await expect(transfer(url, place.here, { ...asAll, filter: ["- a"], retries: 0 })).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringContaining("--exclude is not carried out"),
  });
});

it("no range is taken of a file that is too long as a whole", async () => {
  const share = {
    orderFields: ["part", "fileRange"] as const,
    openTarget: () => Promise.reject(new Error("opened")),
  };
  const opening = (fileBytes: number) => {
    const order = { part: "1/2", fileRange: { offset: 0, size: 1, fileBytes } };
    const limits = { liveness: {}, limits: { maxTotalBytes: 50 } };
    return openSession(share, { direction: "push", order }, { components: [], contents: true }, {}, limits);
  };
  await expect(opening(51)).rejects.toMatchObject({ code: "LIMIT", detail: { actual: 51, limit: 50 } });
  await expect(opening(50)).rejects.toThrow("opened");
});
