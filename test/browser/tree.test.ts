import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createServer, type SyncServer } from "../../src/http/server.node.ts";
import { limitedProxy } from "../limited-proxy.ts";
import { noBrowser, startBrowser, type TestBrowser } from "./chromium.ts";
import { unless } from "../obstacles.ts";

interface Pulled {
  readonly files: number;
  readonly receivedBytes: number;
  readonly reusedBytes: number;
  readonly troubles: readonly string[];
}

unless(noBrowser).describe("a tree in a browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-tree-"));
  let browser: TestBrowser;
  let server: SyncServer;
  let url: string;
  let page: Page;

  const path = (...names: string[]) => join(folder, ...names);
  const call = <Result>(name: string, ...args: unknown[]) =>
    page.evaluate(([name, args]) => (globalThis as any).call(name, args) as Result, [name, args] as const);
  const pull = (what: string, into: string) => call<Pulled>("pull", `${url}${what}?session=pull`, into);
  /** Pulls no more than so much, and ends the worker then. */
  const pullSome = async (what: string, into: string, stopAtBytes: number) => {
    const proxy = await limitedProxy(url.replace("ws", "http"), stopAtBytes + 1_500_000, "hold");
    const args = [`${proxy.url.replace("http", "ws")}${what}?session=pull`, into];
    return page.evaluate(
      ([args, stopAtBytes]) => (globalThis as any).call("pull", args, stopAtBytes) as string,
      [args, stopAtBytes] as const,
    );
  };
  const push = (where: string, from: string) =>
    call<{ files: number; sentBytes: number }>("push", `${url}${where}?session=push`, from);

  /** Path and digest of every file of a folder, as the worker lists its own. */
  function listed(root: string): string[] {
    return readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(root, name)).isFile())
      .map(
        (name) =>
          `${name} ${createHash("sha256")
            .update(readFileSync(join(root, name)))
            .digest("hex")}`,
      )
      .sort();
  }

  beforeAll(async () => {
    browser = await startBrowser();
    server = createServer({ root: folder, origins: [browser.origin] });
    url = (await server.listen()).replace("http", "ws");
    page = await browser.open("tree-page.ts");
    mkdirSync(path("photos", "2024", "empty"), { recursive: true });
    writeFileSync(path("photos", "notes.txt"), "hello");
    writeFileSync(path("photos", "nothing"), "");
    writeFileSync(path("photos", "größe ü 日本.txt"), "names");
    writeFileSync(path("photos", "2024", "big.bin"), randomBytes(3_000_000));
    for (let i = 0; i < 200; i++) writeFileSync(path("photos", "2024", `small ${i}`), `number ${i}`);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  it("is pulled into a folder of its own, and only what changed comes again", async () => {
    const first = await pull("photos/", "copy");
    expect(first).toMatchObject({ files: 204, troubles: [] });
    expect(await call("list", "copy")).toEqual(listed(path("photos")));

    expect(await pull("photos/", "copy")).toMatchObject({ files: 0, receivedBytes: 0, reusedBytes: 0 });

    const old = readFileSync(path("photos", "2024", "big.bin"));
    const edited = Buffer.concat([
      old.subarray(0, 1_000_000),
      Buffer.from("inserted"),
      old.subarray(1_000_000),
    ]);
    writeFileSync(path("photos", "2024", "big.bin"), edited);
    const second = await pull("photos/", "copy");
    expect(second.files).toBe(1);
    expect(second.receivedBytes).toBeLessThan(100_000);
    expect(await call("list", "copy")).toEqual(listed(path("photos")));
  });

  it("is looked at anew where a page changed it or it was touched", async () => {
    await call("edit", "copy", "notes.txt", "jelly");
    utimesSync(path("photos", "2024", "big.bin"), 1, 1);
    const { files, receivedBytes } = await pull("photos/", "copy");
    expect(files).toBe(2);
    expect(receivedBytes).toBe(5);
    expect(await call("list", "copy")).toEqual(listed(path("photos")));
  });

  it("finds what was moved", async () => {
    mkdirSync(path("photos", "2025"));
    writeFileSync(path("photos", "2025", "moved.bin"), readFileSync(path("photos", "2024", "big.bin")));
    const { files, receivedBytes } = await pull("photos/", "copy");
    expect(files).toBe(1);
    expect(receivedBytes).toBe(0);
  });

  it("goes on where a worker was ended in the middle", async () => {
    mkdirSync(path("large"));
    const sizeBytes = 24_000_000;
    writeFileSync(path("large", "a.bin"), randomBytes(sizeBytes));
    const stopAtBytes = sizeBytes / 2;
    expect(await pullSome("large/", "resumed", stopAtBytes)).toBe("stopped");
    expect(await call("list", "resumed")).toEqual([]);
    const { receivedBytes } = await pull("large/", "resumed");
    expect(receivedBytes).toBeLessThan(sizeBytes - stopAtBytes + 2_000_000);
    expect(await call("list", "resumed")).toEqual(listed(path("large")));
  });

  it("reports links and what is in the way, and brings the rest", async () => {
    mkdirSync(path("odd"));
    symlinkSync("a", path("odd", "link"));
    writeFileSync(path("odd", "a"), "a");
    writeFileSync(path("odd", "2024"), "a file where there is a directory");
    const { files, troubles } = await pull("odd/", "copy");
    expect([...troubles].sort()).toEqual(["IO 2024", "UNSUPPORTED link"]);
    expect(files).toBe(1);
  });

  it("puts a directory in the place of a file, and a file in that of an empty directory, once all is here", async () => {
    mkdirSync(path("swap-a", "empty"), { recursive: true });
    writeFileSync(path("swap-a", "notes"), "a file");
    mkdirSync(path("swap-b", "notes", "deep"), { recursive: true });
    mkdirSync(path("swap-b", "notes", "nothing"));
    writeFileSync(path("swap-b", "notes", "deep", "one"), "1");
    for (const name of ["deep/big", "large", "last"])
      writeFileSync(path("swap-b", "notes", name), randomBytes(3_000_000));
    writeFileSync(path("swap-b", "empty"), "a file");
    await pull("swap-a/", "swapped");
    expect(await pullSome("swap-b/", "swapped", 7_000_000)).toBe("stopped");
    expect(await call("list", "swapped")).toEqual(expect.arrayContaining(listed(path("swap-a"))));
    const { troubles, receivedBytes } = await pull("swap-b/", "swapped");
    expect(troubles).toEqual([]);
    expect(receivedBytes).toBeLessThan(3_000_000);
    expect(await call("list", "swapped")).toEqual(listed(path("swap-b")));
    expect(await pull("swap-b/", "swapped")).toMatchObject({ files: 0, receivedBytes: 0 });
  });

  it("reports a directory that cannot get to its place, and brings the rest", async () => {
    for (const name of ["a", "in/b", "c"]) {
      mkdirSync(path("gone-a", name, ".."), { recursive: true });
      writeFileSync(path("gone-a", name), "a file");
      mkdirSync(path("gone-b", name), { recursive: true });
      writeFileSync(path("gone-b", name, "large"), randomBytes(500_000));
    }
    await pull("gone-a/", "gone");
    const { troubles } = await call<Pulled>("pullWithout", `${url}gone-b/?session=pull`, "gone", ["a", "in"]);
    expect(troubles).toEqual(["VANISHED in/b"]);
    const there = listed(path("gone-b"));
    expect(await call("list", "gone")).toEqual(there.filter((line) => !line.startsWith("in/")));
    expect(await pull("gone-b/", "gone")).toMatchObject({ receivedBytes: 0, troubles: [] });
    expect(await call("list", "gone")).toEqual(there);
  });

  it("is pushed from a folder, with the times that it came with", async () => {
    await pull("photos/", "fresh");
    expect((await push("back", "fresh")).files).toBe(205);
    expect(listed(path("back"))).toEqual(listed(path("photos")));
    expect(statSync(path("back", "2024", "big.bin")).mtimeMs).toBe(1000);
    expect(await push("back", "fresh")).toMatchObject({ files: 0, sentBytes: 0 });
  });

  it("becomes a tar archive that others unpack", async () => {
    const long = "n".repeat(120);
    writeFileSync(path("photos", "2024", long), "a long name");
    await pull("photos/", "packed");
    const archive = Buffer.from(await call<string>("tar", "packed"), "base64");
    mkdirSync(path("unpacked"));
    execFileSync("tar", ["-x", "-C", path("unpacked")], { input: archive });
    expect(listed(path("unpacked"))).toEqual(listed(path("photos")));
    expect(statSync(path("unpacked", "2024", "big.bin")).mtimeMs).toBe(1000);
    expect(statSync(path("unpacked", "2024", "empty")).isDirectory()).toBe(true);
    rmSync(path("photos", "2024", long));
  });

  it("is pushed from the files of an input", async () => {
    await page.evaluate(() => {
      document.body.innerHTML = `<input type="file" webkitdirectory>`;
    });
    await page.locator("input").setInputFiles(path("photos"));
    const { files, troubles } = await page.evaluate(
      (url) => (globalThis as any).pushPicked(url),
      `${url}picked?session=push`,
    );
    expect({ files, troubles }).toEqual({ files: 205, troubles: [] });
    expect(listed(path("picked", "photos"))).toEqual(listed(path("photos")));
  });
});
