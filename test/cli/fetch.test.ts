import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { builtCli } from "../built.ts";
import { limitedProxy } from "../limited-proxy.ts";
import { freshFolder, outcomeOf, rsyncStream, waitUntil } from "./run.ts";
import { noise, plant } from "./trees.ts";
import { unless } from "../obstacles.ts";
import { noOpenssl } from "../self-signed.ts";

/** A server of a folder of its own, and where it is. */
async function served(files: Record<string, Buffer>, options: readonly string[] = []) {
  const folder = freshFolder();
  plant(join(folder, "served"), files);
  const server = start([
    "serve",
    join(folder, "served"),
    "--listen",
    "127.0.0.1:0",
    "--read-only",
    ...options,
  ]);
  const url = await new Promise<string>((resolve) => {
    server.stderr!.on("data", (text) => {
      const found = /https?:[^;]*/.exec(String(text))?.[0];
      if (found !== undefined) resolve(found);
    });
  });
  return { url, at: (name: string) => join(folder, name), left: () => hidden(folder) };
}

function start(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [builtCli(), ...args]);
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

const hidden = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith("."));

const summaryOf = (stdout: Buffer) => JSON.parse(stdout.toString().trim().split("\n").at(-1)!);

describe("fetch", () => {
  const fresh = noise(2_000_000, "fresh");

  it("makes a file, then brings it up to date with what changed", async () => {
    const { url, at, left } = await served({ a: fresh, empty: Buffer.alloc(0) });
    const first = await rsyncStream(["fetch", "--json", `${url}a`, at("a")]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(summaryOf(first.stdout)).toMatchObject({
      event: "summary",
      action: "received",
      newBytes: 2_000_000,
    });
    expect(readFileSync(at("a")).equals(fresh)).toBe(true);
    chmodSync(at("a"), 0o640);
    const changed = Buffer.concat([fresh.subarray(0, 900_000), noise(100, "edit"), fresh.subarray(900_000)]);
    writeFileSync(at("served/a"), changed);
    const second = await rsyncStream(["fetch", "--json", "--window", "8", `${url}a`, at("a")]);
    expect(second.code).toBe(0);
    expect(summaryOf(second.stdout).newBytes).toBeLessThan(100_000);
    expect(readFileSync(at("a")).equals(changed)).toBe(true);
    expect(statSync(at("a")).mode & 0o777).toBe(0o640);
    expect((await rsyncStream(["fetch", `${url}empty`, at("empty")])).code).toBe(0);
    expect(statSync(at("empty")).size).toBe(0);
    expect(left()).toEqual([]);
  });

  it("uses what --have names beside DST", async () => {
    const { url, at } = await served({ a: fresh });
    plant(at("have"), { "deep/x": fresh.subarray(900_000) });
    writeFileSync(at("a"), fresh.subarray(0, 1_000_000));
    const { code, stdout } = await rsyncStream(["fetch", "--json", "--have", at("have"), `${url}a`, at("a")]);
    expect(code).toBe(0);
    expect(summaryOf(stdout).newBytes).toBeLessThan(100_000);
    expect(readFileSync(at("a")).equals(fresh)).toBe(true);
  });

  it("takes only the file whose digest was named", async () => {
    const { url, at, left } = await served({ a: fresh });
    const digest = createHash("sha256").update(fresh).digest("hex");
    writeFileSync(at("a"), "old");
    const wrong = await rsyncStream(["fetch", "--key", digest.replace(/^./, "x"), `${url}a`, at("a")]);
    expect(wrong.code).toBe(2);
    const other = await rsyncStream(["fetch", "--key", digest.slice(1, 17), `${url}a`, at("a")]);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("(CORRUPT)")]);
    expect(readFileSync(at("a"), "utf8")).toBe("old");
    const right = await rsyncStream(["fetch", "--key", digest.slice(0, 16), `${url}a`, at("a")]);
    expect(right.code).toBe(0);
    expect(left()).toEqual([]);
  });

  it("goes on where one broke off that failed, and one that was killed", async () => {
    const large = noise(12_000_000, "large");
    const { url, at, left } = await served({ a: large });
    const failed = await rsyncStream([
      "fetch",
      `${(await limitedProxy(url, 8_000_000, "break")).url}a`,
      at("a"),
    ]);
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("(PEER_GONE)")]);
    expect(left().length).toBe(1);
    const keptBytes = statSync(at(left()[0]!)).size; // less than was let through: the break outran the reader
    const killed = start(["fetch", `${(await limitedProxy(url, 4_000_000, "hold")).url}a`, at("a")]);
    const sizeOf = (name: string): number => statSync(at(name), { throwIfNoEntry: false })?.size ?? 0;
    await waitUntil(() => left().some((name) => sizeOf(name) >= keptBytes + 2_000_000));
    killed.kill("SIGKILL");
    await outcomeOf(killed);
    const last = await rsyncStream(["fetch", "--json", `${url}a`, at("a")]);
    expect(last.code).toBe(0);
    expect(summaryOf(last.stdout).newBytes).toBeLessThanOrEqual(large.length - keptBytes - 1_000_000);
    expect(readFileSync(at("a")).equals(large)).toBe(true);
    expect(left()).toEqual([]);
  });

  it("lets one process at a time fetch to a place, and none be locked out by a dead one", async () => {
    const { url, at, left } = await served({ a: fresh });
    const silent = createServer(
      (socket) => void socket.on("error", () => {}).write("HTTP/1.1 200 OK\r\n\r\n"),
    );
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const hanging = start(["fetch", "--timeout", "3600", `http://127.0.0.1:${port}/a`, at("a")]);
    await waitUntil(() => left().some((name) => name.endsWith(".lock")));
    const second = await rsyncStream(["fetch", `${url}a`, at("a")]);
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining("(LOCKED)")]);
    hanging.kill("SIGKILL");
    await outcomeOf(hanging);
    expect((await rsyncStream(["fetch", `${url}a`, at("a")])).code).toBe(0);
    expect(left()).toEqual([]);
  });

  unless(noOpenssl).test(
    "fetches over TLS from whom it was told to trust, and from nobody else",
    async () => {
      const [cert, key] = ["cert.pem", "key.pem"].map((name) => join(freshFolder(), name)) as [
        string,
        string,
      ];
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
      const kind = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ];
      execFileSync("openssl", [...kind, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
      const { url, at } = await served({ a: fresh }, ["--tls-cert", cert, "--tls-key", key]);
      expect(url).toMatch(/^https:/);
      const stranger = await rsyncStream(["fetch", `${url}a`, at("a")]);
      expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining("certificate")]);
      for (const trust of [["--ca", cert], ["--insecure"]]) {
        expect(await rsyncStream(["fetch", "-q", ...trust, `${url}a`, at("a")])).toMatchObject({
          code: 0,
          stderr: "",
        });
        expect(readFileSync(at("a")).equals(fresh)).toBe(true);
      }
    },
  );

  it("says why, with the exit code for it", async () => {
    const { url, at } = await served({ a: fresh });
    mkdirSync(at("dir"));
    const cases = [
      [`${url}missing`, at("x"), 1, "other end: there is no such place (NOT_FOUND)"],
      ["http://127.0.0.1:9/a", at("x"), 1, "(PEER_GONE)"],
      ["ftp://127.0.0.1/a", at("x"), 2, "(USAGE)"],
      [`${url}a`, at("dir"), 2, "(USAGE)"],
      [`${url}a`, at("nowhere/x"), 1, "(NOT_FOUND)"],
    ] as const;
    for (const [from, to, code, text] of cases) {
      const outcome = await rsyncStream(["fetch", from, to]);
      expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringContaining(text)]);
    }
  });
});
