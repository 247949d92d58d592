import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { encodeHello, encodeRequest, helloFlags } from "../../src/casync/protocol.ts";
import { openChunkReader, openChunkWriter, openKeptChunks } from "../../src/casync/open-store.node.ts";
import { builtCli } from "../built.ts";
import { outcomeOf } from "../cli/run.ts";
import { missing, unless } from "../obstacles.ts";
import { xorshiftBytes } from "../vectors/input.ts";

/** The remote protocol and the chunk server, with casync and desync at either end. */

const program = join(dirname(builtCli()), "desync.mjs");
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rsync-stream-casync-"));
  writeFileSync(at("blob"), xorshiftBytes(21, 1_500_000));
  mkdirSync(at("s.castr"));
  // What stands in for ssh runs the line here that it would run over there.
  writeFileSync(at("ssh"), '#!/bin/sh\nwhile [ "$1" != host ]; do shift; done\nshift\nexec sh -c "$*"\n');
  writeFileSync(at("ours"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  for (const name of ["ssh", "ours"]) chmodSync(at(name), 0o755);
  expect((await run("ours", "make -s s.castr a.caibx blob")).code).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command line in the folder; `remote` is what runs at the far end of ssh. */
function run(command: string, line: string, remote = "casync") {
  return outcomeOf(start(command, line, remote));
}

function start(command: string, line: string, remote = "casync"): ChildProcess {
  const path = command === "ours" ? at("ours") : command;
  const env = { ...process.env, CASYNC_SSH_PATH: at("ssh"), CASYNC_REMOTE_PATH: remote, TMPDIR: folder };
  return spawn(path, line.split(" "), { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
}

function expectBlob(name: string): void {
  expect(readFileSync(at(name)).equals(readFileSync(at("blob")))).toBe(true);
  rmSync(at(name));
}

test("a blob comes over ssh from this program", async () => {
  const { code, stderr } = await run(
    "ours",
    `extract -s ssh://host${folder}/s.castr a.caibx out`,
    at("ours"),
  );
  expect([code, stderr]).toEqual([0, ""]);
  expectBlob("out");
});

test("HOST:PATH is a store that this program gives over there", async () => {
  // What is installed there has this name.
  writeFileSync(at("rsync-stream-desync"), readFileSync(at("ours")), { mode: 0o755 });
  const env = { ...process.env, CASYNC_SSH_PATH: at("ssh"), PATH: `${folder}:${process.env["PATH"]}` };
  const ask = (line: string) =>
    outcomeOf(spawn(at("ours"), line.split(" "), { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] }));
  const found = await ask("extract -s empty.castr|host:s.castr a.caibx out");
  expect([found.code, found.stderr]).toEqual([1, expect.stringContaining("empty.castr")]);
  expect((await ask("extract -s host:s.castr a.caibx out")).code).toBe(0);
  expectBlob("out");
  mkdirSync(at("256.castr"));
  expect((await ask("make --digest sha256 -s 256.castr 256.caibx blob")).code).toBe(0);
  expect((await ask(`extract --digest sha256 -s host:${folder}/256.castr 256.caibx out`)).code).toBe(0);
  expectBlob("out");
  for (const place of ["-oProxyCommand=x:s.castr", "a b:s.castr"])
    expect(() => openChunkReader([place])).toThrow(/not a host/);
});

test("HOST:PATH is not taken for a directory here where it cannot be written to", () => {
  for (const open of [openChunkWriter, openKeptChunks]) {
    for (const place of ["host:s.castr", "me@host:/s.castr", "[::1]:s.castr"])
      expect(() => open(place, { create: true })).toThrow(/only be read from/);
    expect(() => open(`${folder}/host:x.castr`, { create: true })).not.toThrow();
  }
});

test("who goes before all that was asked for has come is no failure", async () => {
  const asked = [encodeHello(helloFlags.pullChunks)];
  const made = readFileSync(at("a.caibx"));
  const lastId = made.subarray(-72, -40);
  for (let count = 0; count < 500; count++) asked.push(encodeRequest(lastId));
  writeFileSync(at("asked"), Buffer.concat(asked));
  const line = `{ cat asked; sleep 1; } | { ./ours pull - - - s.castr; echo "$?" > code; } | head -c 10`;
  const { stderr } = await outcomeOf(spawn("sh", ["-c", line], { cwd: folder }));
  expect([readFileSync(at("code"), "utf8"), stderr]).toEqual(["0\n", ""]);
});

test("an index is pushed from where it is, at a server too, and not from standard input", async () => {
  const cli = (...args: string[]) =>
    outcomeOf(spawn(process.execPath, [builtCli(), ...args], { cwd: folder, env: pushing }));
  const pushing = { ...process.env, CASYNC_SSH_PATH: at("ssh"), CASYNC_REMOTE_PATH: at("ours") };
  const server = createServer((_, response) => response.end(readFileSync(at("a.caibx"))));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.caibx`;
  const places = [`host:${folder}/url.caibx`, `host:${folder}/url.castr`, "-s", "s.castr"];
  expect((await cli("index", "push", url, ...places)).code).toBe(0);
  expect(readFileSync(at("url.caibx")).equals(readFileSync(at("a.caibx")))).toBe(true);
  const piped = await cli("index", "push", "-", ...places);
  expect([piped.code, piped.stderr]).toEqual([2, expect.stringContaining("standard input")]);
});

test("why a push fails over there is told once", async () => {
  writeFileSync(at("failing"), "#!/bin/sh\necho 'no room over there' >&2\nexit 3\n", { mode: 0o755 });
  const env = { ...process.env, CASYNC_SSH_PATH: at("failing") };
  const words = ["index", "push", "a.caibx", "host:no.caibx", "host:no.castr", "-s", "s.castr"];
  const { code, stderr } = await outcomeOf(
    spawn(process.execPath, [builtCli(), ...words], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] }),
  );
  expect(code).not.toBe(0);
  expect(stderr.split("no room over there")).toHaveLength(2);
});

test("a chunk that is missing over there is told", async () => {
  mkdirSync(at("empty.castr"), { recursive: true });
  const line = `extract -s ssh://host${folder}/empty.castr a.caibx none`;
  const { code, stderr } = await run("ours", line, at("ours"));
  expect([code, stderr]).toEqual([1, expect.stringContaining("NOT_FOUND")]);
});

const { describe: describeCasync } = unless(missing("casync"));

describeCasync("casync", () => {
  test("serves us over ssh", async () => {
    const { code, stderr } = await run("ours", `extract -s ssh://host${folder}/s.castr a.caibx out`);
    expect([code, stderr]).toEqual([0, ""]);
    expectBlob("out");
  });

  test("is served by us over ssh: chunks, and index and chunks", async () => {
    const store = `--store=host:${folder}/s.castr`;
    for (const index of ["a.caibx", `host:${folder}/a.caibx`]) {
      const { code, stderr } = await run(
        "casync",
        `extract --seed-output=no ${store} ${index} out`,
        at("ours"),
      );
      expect([index, code, stderr]).toEqual([index, 0, ""]);
      expectBlob("out");
    }
  });

  test("pushes to us: an index with its chunks, and an archive", async () => {
    const places = `--store=host:${folder}/pushed.castr host:${folder}/pushed.caibx`;
    for (const round of [1, 2]) {
      const { code, stderr } = await run("casync", `make ${places} blob`, at("ours"));
      expect([round, code, stderr]).toEqual([round, 0, ""]);
    }
    expect((await run("casync", "extract --store=pushed.castr pushed.caibx out")).code).toBe(0);
    expectBlob("out");
    mkdirSync(at("tree"), { recursive: true });
    writeFileSync(at("tree/file"), "content");
    expect((await run("casync", `make host:${folder}/pushed.catar tree`, at("ours"))).code).toBe(0);
    expect((await run("casync", "make here.catar tree")).code).toBe(0);
    expect(readFileSync(at("pushed.catar")).equals(readFileSync(at("here.catar")))).toBe(true);
  });

  test.each(["casync", "ours"])("takes what we push (%s)", async (far) => {
    const places = [`host:${folder}/${far}.caibx`, `host:${folder}/${far}.castr`];
    const push = ["index", "push", at("a.caibx"), ...places, "--store", at("s.castr")];
    const env = {
      ...process.env,
      CASYNC_SSH_PATH: at("ssh"),
      CASYNC_REMOTE_PATH: far === "ours" ? at(far) : far,
    };
    const pushing = () =>
      outcomeOf(spawn(process.execPath, [builtCli(), ...push], { env, stdio: ["ignore", "pipe", "pipe"] }));
    const first = await pushing();
    expect([first.code, first.stderr]).toEqual([0, expect.stringMatching(/[1-9]\d* chunks sent/)]);
    expect((await pushing()).stderr).toContain("0 chunks sent");
    expect((await run("casync", `extract --store=${far}.castr ${far}.caibx out`)).code).toBe(0);
    expectBlob("out");
  });

  test("fetches from our chunk server", async () => {
    await serving("chunk-server -s s.castr -l 127.0.0.1:0", async (url) => {
      const { code } = await run("casync", `extract --seed-output=no --store=${url} a.caibx out`);
      expect(code).toBe(0);
    });
    expectBlob("out");
  });
});

const { describe: describeDesync } = unless(missing("desync"));

describeDesync("desync", () => {
  test("serves us over ssh", async () => {
    const line = `extract -s ssh://host${folder}/s.castr a.caibx out`;
    const { code, stderr } = await run("ours", line, "desync");
    expect([code, stderr]).toEqual([0, ""]);
    expectBlob("out");
  });

  test("is served by us over ssh", async () => {
    const line = `extract -n 2 -s ssh://host${folder}/s.castr a.caibx out`;
    const { code, stderr } = await run("desync", line, at("ours"));
    expect([code, stderr]).toEqual([0, ""]);
    expectBlob("out");
  });

  test("reads from our chunk server and writes to it", async () => {
    mkdirSync(at("w.castr"), { recursive: true });
    await serving("chunk-server -s w.castr -w -l 127.0.0.1:0", async (url) => {
      expect((await run("desync", `make -s ${url} b.caibx blob`)).code).toBe(0);
      expect((await run("desync", `extract -s ${url} b.caibx out`)).code).toBe(0);
    });
    expectBlob("out");
    expect((await run("desync", "verify -s w.castr")).code).toBe(0);
  });
});

describe("our chunk server", () => {
  test("passes on what another has, and keeps it", async () => {
    mkdirSync(at("cache.castr"), { recursive: true });
    await serving("chunk-server -s s.castr -l 127.0.0.1:0", (origin) =>
      serving(`chunk-server -s ${origin} -c cache.castr -l 127.0.0.1:0`, async (url) => {
        expect((await run("ours", `extract -s ${url} a.caibx out`)).code).toBe(0);
      }),
    );
    expectBlob("out");
    expect((await run("ours", "extract -s cache.castr a.caibx out")).code).toBe(0);
    expectBlob("out");
  });
});

test("a store is served by rsync-stream itself, too", async () => {
  const line = `${builtCli()} store serve s.castr --listen 127.0.0.1:0`;
  const server = spawn(process.execPath, line.split(" "), { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void server.kill("SIGKILL"));
  const address = await addressOf(server);
  expect((await run("ours", `extract -s ${address} a.caibx out`)).code).toBe(0);
  expectBlob("out");
  server.kill("SIGTERM");
  expect(await once(server, "close")).toEqual([0, null]);
});

/** Runs a server while something is done with its URL. */
async function serving(line: string, work: (url: string) => Promise<void>): Promise<void> {
  const server = start("ours", line);
  onTestFinished(() => void server.kill("SIGKILL"));
  try {
    await work(`http://${await addressOf(server)}`);
  } finally {
    server.kill("SIGTERM");
    await once(server, "close");
  }
}

function addressOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    server.stderr!.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      const found = /(?:listening|chunks) at (\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    server.once("close", () => reject(new Error(`the server ended: ${text}`)));
  });
}
