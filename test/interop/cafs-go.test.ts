import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { SyncError } from "../../src/errors.ts";
import { fetchCafs } from "../../src/http/cafs-client.node.ts";
import { handleCafs } from "../../src/http/cafs-handler.node.ts";
import type { SharedFile } from "../../src/http/share.ts";
import { randomPermutation } from "../../src/remotesync/permutation.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { firstNumber, outcomeOf, rsyncStream } from "../cli/run.ts";
import { collect, serving, sharedBytes } from "../unit/http/serving.ts";
import { noise } from "../cli/trees.ts";
import { missing, unless } from "../obstacles.ts";

unless(missing("go")).describe("CAFS over HTTP with Go's own HTTP library at the other end", () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-go-"));
  const program = join(folder, "cafs-peer");
  const at = (name: string): string => join(folder, name);

  beforeAll(() => {
    const env = { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: "local" };
    execFileSync("go", ["build", "-o", program, "."], { cwd: join(import.meta.dirname, "cafs-peer"), env });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function peer(...args: readonly string[]): ChildProcess {
    const child = spawn(program, args);
    onTestFinished(() => void child.kill("SIGKILL"));
    return child;
  }

  /** A file with chunks that repeat, larger than what any buffer on the way holds. */
  const part = noise(1_500_000, "go");
  const content = Buffer.concat([part, Buffer.alloc(400_000), part.subarray(0, 300_000), part]);

  it.each(["1", "3", "256"])(
    "our client fetches from its server, shuffled by %s elements",
    async (elements) => {
      writeFileSync(at("served"), content);
      const url = `http://127.0.0.1:${await firstNumber(peer("serve", at("served"), elements))}/any/path`;
      const store = memoryStore();
      expect((await collect(fetchCafs(url, store, { windowCount: 8 }))).length).toBe(content.length);
      const again = await collect(fetchCafs(url, store));
      expect(Buffer.from(again).equals(content)).toBe(true);
      const { code, stderr } = await rsyncStream(["fetch", url, at("fetched")]);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(readFileSync(at("fetched")).equals(content)).toBe(true);
    },
  );

  it.each([1, 3, 256])("our server answers its client, shuffled by %d elements", async (elements) => {
    const perm = randomPermutation(elements, (limit) => (elements * 7) % limit);
    const file = await sharedBytes(content, perm);
    const failures: unknown[] = [];
    await using server = await serving((request, response) => {
      void handleCafs(request, response, async () => file, {
        onTransfer: (_, error) => failures.push(error),
      });
    });
    const { code, stderr } = await outcomeOf(peer("fetch", server.url, at("theirs")));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(readFileSync(at("theirs")).equals(content)).toBe(true);
    expect(failures).toEqual([undefined]);
  });

  it("our server answers its client when that expects a 100, too (flaw 30)", async () => {
    const file = await sharedBytes(content);
    await using server = await serving((request, response) => {
      void handleCafs(request, response, async () => file);
    });
    const { code, stderr } = await outcomeOf(peer("fetch", server.url, at("expected"), "100-continue"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(readFileSync(at("expected")).equals(content)).toBe(true);
  });

  it("its client sees that our server broke off behind its head (flaw 10)", async () => {
    const file = await sharedBytes(content.subarray(0, 50_000));
    let count = 0;
    const failing: SharedFile = {
      ...file,
      async chunk(id, options) {
        if (++count === 3) throw new SyncError("CHANGED", "the file changed");
        return file.chunk(id, options);
      },
    };
    await using server = await serving((request, response) => {
      void handleCafs(request, response, async () => failing);
    });
    const { code, stderr } = await outcomeOf(peer("fetch", server.url, at("broken")));
    // What Go calls it depends on whether it had read all that was sent.
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/unexpected EOF|connection reset by peer/) as string,
    });
  });

  it("our client sees that its server broke off", async () => {
    writeFileSync(at("long"), noise(60_000_000, "more than what the buffers between the two hold"));
    const server = peer("serve", at("long"), "3");
    const url = `http://127.0.0.1:${await firstNumber(server)}/`;
    const fetching = fetchCafs(url, memoryStore(), { windowCount: 8 });
    await fetching.next();
    server.kill("SIGKILL");
    await expect(collect(fetching)).rejects.toMatchObject({ code: "PEER_GONE" });
  });
});
