import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { builtCli } from "../built.ts";
import { freePort } from "../free-port.ts";
import { listening } from "./listening.ts";
import { freshFolder, outcomeOf, type Outcome, rsyncStream, waitUntil } from "./run.ts";
import { noise, picture, plant, sizeOf } from "./trees.ts";

function plantTree(folder: string): void {
  plant(folder, { "a/b/c": "deep", big: noise(1_500_000, "big"), empty: "", "naïve name": "x" });
}

const ws = (url: string): string => url.replace(/^http/, "ws");
const ok = { code: 0 };

describe.each(["http", "ws", "turns"])("serve, push and pull over %s", (via) => {
  const at = (url: string) => (via === "ws" ? ws(url) : url);
  const more = via === "turns" ? ["--turns"] : [];

  it("there and back, and again without content", async () => {
    const work = freshFolder();
    plantTree(join(work, "tree"));
    mkdirSync(join(work, "root"));
    const server = await listening("serve", join(work, "root"));
    expect(await rsyncStream(["push", ...more, `${work}/tree`, at(server.url)])).toMatchObject(ok);
    expect(await rsyncStream(["pull", ...more, `${at(server.url)}tree/`, `${work}/copy`])).toMatchObject(ok);
    expect(picture(`${work}/copy`)).toEqual(picture(`${work}/tree`));
    const again = await rsyncStream(["push", ...more, `${work}/tree/`, `${at(server.url)}tree/`, "--json"]);
    expect(JSON.parse(again.stdout.toString().trim().split("\n").at(-1)!)).toMatchObject({ newBytes: 0 });
    expect(await server.stop()).toBe(0);
  });

  it("what is not there, and what must not be done", async () => {
    const work = freshFolder();
    mkdirSync(join(work, "root"));
    const server = await listening("serve", join(work, "root"), "--read-only");
    const missing = await rsyncStream(["pull", ...more, `${at(server.url)}nothing`, `${work}/x`]);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("no such place (NOT_FOUND)") });
    const refused = await rsyncStream(["push", ...more, `${work}/root/`, at(server.url)]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("UNSUPPORTED") });
  });

  it("a token is needed where one is wanted, and stands nowhere", async () => {
    const work = freshFolder();
    plantTree(join(work, "root"));
    const server = await listening("serve", join(work, "root"), "--generate-token");
    writeFileSync(join(work, "token"), `${server.token}\n`, { mode: 0o600 });
    writeFileSync(join(work, "wrong"), "w".repeat(30), { mode: 0o600 });
    const ask = (file: string) =>
      rsyncStream(["pull", ...more, at(server.url), `${work}/copy`, "--token-file", `${work}/${file}`]);
    expect(await ask("wrong")).toMatchObject({ code: 6, stderr: expect.stringContaining("UNAUTHORIZED") });
    const good = await ask("token");
    expect(good).toMatchObject(ok);
    chmodSync(join(work, "token"), 0o644);
    expect(await ask("token")).toMatchObject({ code: 2, stderr: expect.stringContaining("read by others") });
    const said = [good.stderr, ...server.lines.slice(1)].join("\n");
    expect(said).not.toContain(server.token);
  });

  it("a server that dies and comes back: the run goes on, and sends only the rest", async () => {
    const work = freshFolder();
    const size = 40_000_000;
    plant(join(work, "tree"), { big: noise(size, "big"), other: "x" });
    mkdirSync(join(work, "root"));
    const port = await freePort();
    const first = await listening("serve", join(work, "root"), "--listen", `127.0.0.1:${port}`);
    const pushing = spawn(process.execPath, [
      builtCli(),
      "push",
      ...more,
      `${work}/tree/`,
      at(first.url),
      "-z",
      "--json",
      "--retries",
      "9",
    ]);
    onTestFinished(() => void pushing.kill("SIGKILL"));
    const outcome = outcomeOf(pushing);
    const staging = join(work, "root", ".rsync-stream");
    await waitUntil(() => sizeOf(staging) > size / 4);
    await first.stop("SIGKILL");
    const second = spawn(process.execPath, [
      builtCli(),
      "serve",
      join(work, "root"),
      "--listen",
      `127.0.0.1:${port}`,
      "-q",
    ]);
    onTestFinished(() => void second.kill("SIGKILL"));
    const { code, stdout, stderr } = await outcome;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const events = stdout
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string; newBytes?: number });
    expect(events.some(({ event }) => event === "notice")).toBe(true);
    // All that was sent: again only what was under way, not what the first server had put on its
    // disk.
    expect(events.at(-1)!.newBytes).toBeLessThan(size + size / 4);
    expect(picture(`${work}/root`)).toEqual(picture(`${work}/tree`));
  });
});

describe("compression", () => {
  it("is for whoever pulls to ask for, through a relay as well", async () => {
    const work = freshFolder();
    const line = (_: unknown, i: number): string => `${i} ${"all work and no play ".repeat(3)}\n`;
    plant(join(work, "tree"), { words: Array.from({ length: 180_000 }, line).join("") });
    const server = await listening("serve", join(work, "tree"), "--read-only");
    const relay = await listening("relay", server.url, "-z");
    const received: number[] = [];
    for (const [url, ...options] of [[server.url], [server.url, "-z"], [relay.url, "-z"]] as const) {
      const copy = join(work, `copy ${received.length}`);
      const { code, stdout } = await rsyncStream(["pull", "--json", ...options, url, copy]);
      expect(code).toBe(0);
      expect(picture(copy)).toEqual(picture(join(work, "tree")));
      received.push(JSON.parse(stdout.toString().trim().split("\n").at(-1)!).wireBytes);
    }
    await server.stop();
    const [plain, packed, relayed] = received as [number, number, number];
    expect(Math.max(packed, relayed)).toBeLessThan(plain / 4); // whose beginning is compressed, too
    expect(plain).toBeGreaterThan(1_000_000);
  });
});

describe("serve", () => {
  it("listens to this machine only, unless it has tokens or is told not to care", async () => {
    const work = freshFolder();
    const refused = await rsyncStream(["serve", work, "--listen", "0.0.0.0:0"]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--token-file") });
    expect(await rsyncStream(["serve", `${work}/nothing`])).toMatchObject({ code: 1 });
    expect(await rsyncStream(["serve", work, "--listen", "nonsense"])).toMatchObject({ code: 2 });
    writeFileSync(join(work, "tokens"), "name read short\n", { mode: 0o600 });
    const short = await rsyncStream(["serve", work, "--token-file", join(work, "tokens")]);
    expect(short).toMatchObject({ code: 2, stderr: expect.stringContaining("line 1") });
    expect(short.stderr).not.toContain("short (");
  });
});

describe("fetch", () => {
  it("fetches a file, and with an older one here only what differs", async () => {
    const work = freshFolder();
    const bytes = noise(2_000_000, "file");
    plant(join(work, "root"), { file: bytes });
    const server = await listening("serve", join(work, "root"));
    const first = await rsyncStream(["fetch", `${server.url}file`, `${work}/copy`, "--json"]);
    expect(first).toMatchObject(ok);
    bytes[1_000_000]! ^= 1;
    writeFileSync(join(work, "root", "file"), bytes);
    const second = await rsyncStream(["fetch", `${server.url}file`, `${work}/copy`, "--json"]);
    expect(newBytesOf(second)).toBeLessThan(131_073);
    expect(readFileSync(join(work, "copy")).equals(bytes)).toBe(true);
    expect(await rsyncStream(["fetch", `${server.url}none`, `${work}/copy`])).toMatchObject({ code: 1 });
    expect(readFileSync(join(work, "copy")).equals(bytes)).toBe(true);
  });
});

function newBytesOf({ stdout }: Outcome): number {
  return (JSON.parse(stdout.toString().trim().split("\n").at(-1)!) as { newBytes: number }).newBytes;
}

describe("relay", () => {
  it("passes a tree on to three, over another relay, and its bytes leave the source once", async () => {
    const work = freshFolder();
    plantTree(join(work, "root"));
    const source = await listening("serve", join(work, "root"));
    const far = await listening("relay", ws(source.url));
    const near = await listening("relay", far.url);
    const pull = (i: number) => rsyncStream(["pull", ws(near.url), `${work}/copy${i}`]);
    for (const outcome of await Promise.all([1, 2, 3].map(pull))) expect(outcome).toMatchObject(ok);
    expect(await pull(4)).toMatchObject(ok); // of what nobody reads lists come again, and content does not
    for (const i of [1, 2, 3, 4]) expect(picture(`${work}/copy${i}`)).toEqual(picture(`${work}/root`));
    expect(await rsyncStream(["fetch", `${near.url}big`, `${work}/big`])).toMatchObject(ok);
    expect(readFileSync(join(work, "big")).equals(readFileSync(join(work, "root", "big")))).toBe(true);
    expect(await rsyncStream(["push", `${work}/root/`, near.url])).toMatchObject({ code: 1 });
    for (const each of [near, far, source]) expect(await each.stop()).toBe(0);
    const served = source.lines.map((line) => JSON.parse(line) as { direction?: string; sentBytes?: number });
    const pulls = served.filter(({ direction }) => direction === "pull");
    const sentBytes = pulls.reduce((sum, each) => sum + each.sentBytes!, 0);
    expect(sentBytes).toBeGreaterThan(1_500_000);
    expect(sentBytes).toBeLessThan(1_500_000 * 1.1);
  });

  it("passes a file on as CAFS does", async () => {
    const work = freshFolder();
    plantTree(join(work, "root"));
    const source = await listening("serve", join(work, "root"));
    const relay = await listening("relay", "--cafs", `${source.url}big`, "--store", join(work, "store"));
    const fetches = [1, 2].map((i) => rsyncStream(["fetch", relay.url, `${work}/big${i}`]));
    for (const outcome of await Promise.all(fetches)) expect(outcome).toMatchObject(ok);
    for (const i of [1, 2])
      expect(readFileSync(join(work, `big${i}`)).equals(readFileSync(join(work, "root", "big")))).toBe(true);
  });

  it("three in a circle are refused, not waited for", async () => {
    const work = freshFolder();
    const ports = [await freePort(), await freePort(), await freePort()];
    for (const [i, port] of ports.entries()) {
      const child = spawn(process.execPath, [
        builtCli(),
        "relay",
        `ws://127.0.0.1:${ports[(i + 1) % 3]}/`,
        "-q",
        "--listen",
        `127.0.0.1:${port}`,
      ]);
      onTestFinished(() => void child.kill("SIGKILL"));
    }
    let outcome: Outcome;
    do outcome = await rsyncStream(["pull", `ws://127.0.0.1:${ports[0]}/`, `${work}/x`]);
    while (outcome.stderr.includes("could not connect"));
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringContaining("circle") });
  });
});

describe.each(["http", "ws"])("push --delete over %s", (via) => {
  const at = (url: string) => (via === "ws" ? ws(url) : url);

  it("needs a token that allows it", async () => {
    const work = freshFolder();
    plantTree(join(work, "tree"));
    plant(join(work, "root"), { old: "x" });
    const tokens = { writer: "w".repeat(32), mirror: "m".repeat(32) };
    for (const [name, token] of Object.entries(tokens)) {
      writeFileSync(join(work, name), token, { mode: 0o600 });
    }
    const lines = [`writer read,write ${tokens.writer}`, `mirror delete ${tokens.mirror}`];
    writeFileSync(join(work, "tokens"), lines.join("\n"), { mode: 0o600 });
    const server = await listening("serve", join(work, "root"), "--token-file", join(work, "tokens"));
    const push = (who: string, ...args: string[]) =>
      rsyncStream(["push", ...args, "--token-file", join(work, who), `${work}/tree/`, at(server.url)]);
    expect(await push("writer", "--delete")).toMatchObject({
      code: 6,
      stderr: expect.stringContaining("UNAUTHORIZED"),
    });
    expect(await push("writer")).toMatchObject(ok);
    expect(readdirSync(join(work, "root"))).toContain("old");
    expect(await push("mirror", "--delete", "--max-delete", "0")).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("nothing was"),
    });
    expect(readdirSync(join(work, "root"))).toContain("old");
    expect(await push("mirror", "--delete")).toMatchObject(ok);
    expect(picture(join(work, "root"))).toEqual(picture(join(work, "tree")));
  });

  it("is not for everybody, even where no token is needed", async () => {
    const work = freshFolder();
    plantTree(join(work, "tree"));
    plant(join(work, "root"), { old: "x" });
    const server = await listening("serve", join(work, "root"));
    const refused = await rsyncStream(["push", "--delete", `${work}/tree/`, at(server.url)]);
    expect(refused).toMatchObject({ code: 6 });
    expect(readdirSync(join(work, "root"))).toEqual(["old"]);
  });

  it("pull --delete tells how much it deleted", async () => {
    const work = freshFolder();
    plantTree(join(work, "tree"));
    plant(join(work, "copy"), { "old/1": "x", big: "y" });
    const server = await listening("serve", join(work, "tree"));
    const pulled = await rsyncStream(["pull", "--delete", at(server.url), join(work, "copy")]);
    expect(pulled).toMatchObject({ code: 0, stderr: expect.stringContaining("2 deleted") });
    expect(picture(join(work, "copy"))).toEqual(picture(join(work, "tree")));
  });
});
