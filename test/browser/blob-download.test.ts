import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { castrStore } from "../../src/casync/castr.node.ts";
import { chunkPath } from "../../src/casync/chunk-name.ts";
import { makeIndex } from "../../src/casync/make-index.ts";
import { root } from "../house/source-files.ts";
import { unless } from "../obstacles.ts";
import { collect, inBlocks } from "../unit/casync/vectors.ts";
import { xorshiftBytes } from "../vectors/input.ts";
import { bundle, noBrowser, startBrowser, type TestBrowser } from "./chromium.ts";

/** examples/blob-download, in a browser: any web server has the index and the chunks. */
unless(noBrowser).describe("the example of a download", () => {
  const content = xorshiftBytes(51, 3_000_000);
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-download-"));
  const files = new Map<string, Uint8Array | string>();
  let server: Server;
  let browser: TestBrowser;
  let lastChunk: string;

  beforeAll(async () => {
    const example = join(root, "examples/blob-download");
    const ours = { "rsync-stream/casync": join(root, "src/casync/index.ts") };
    files.set("/worker.js", await bundle(join(example, "worker.mjs"), ours));
    files.set("/page.html", readFileSync(join(example, "page.html"), "utf8"));
    await using store = castrStore(join(folder, "s.castr"), { create: true });
    const index = Buffer.concat(await collect(makeIndex(inBlocks(content), { store })));
    files.set("/blob.caibx", index);
    for await (const { id } of store.kept()) {
      const path = chunkPath(id, ".cacnk");
      files.set(`/blob.castr/${path}`, readFileSync(join(folder, "s.castr", path)));
    }
    const lastId = index.subarray(-72, -40);
    lastChunk = `/blob.castr/${chunkPath(lastId, ".cacnk")}`;
    server = createServer((request, response) => {
      const found = files.get(request.url!);
      const type = { html: "text/html", js: "text/javascript" }[request.url!.split(".").at(-1)!];
      response.writeHead(found === undefined ? 404 : 200, {
        "content-type": type ?? "application/octet-stream",
      });
      response.end(found);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("gives a file that is the blob, and none that is damaged", async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/page.html`;
    const page = await browser.goto(url);
    await page.waitForSelector("body[data-ready]");
    const download = async () => {
      const [began] = await Promise.all([page.waitForEvent("download"), page.click("a")]);
      return began;
    };
    const whole = await download();
    expect(whole.suggestedFilename()).toBe("blob");
    expect(Buffer.compare(readFileSync(await whole.path()), content)).toBe(0);
    files.set(lastChunk, Buffer.from("something else"));
    expect(await (await download()).failure()).not.toBeNull();
    await page.close();
  });
});
