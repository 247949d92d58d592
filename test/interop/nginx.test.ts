import { type ChildProcess, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createServer as createSyncServer, type SyncServer } from "../../src/http/server.node.ts";
import { generateToken } from "../../src/http/tokens.node.ts";
import { freshFolder, rsyncStream } from "../cli/run.ts";
import { noise, picture, plant } from "../cli/trees.ts";
import "../built.ts";
import { missing, unless } from "../obstacles.ts";
import { freePort } from "../free-port.ts";
import { location, startNginx, upgrades } from "./nginx-process.ts";

unless(missing("nginx", "openssl")).describe("behind nginx, with TLS and a prefix", () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-nginx-"));
  const { secret, token } = generateToken("me", ["read", "write"]);
  let nginx: ChildProcess;
  let server: SyncServer;
  let port = 0;
  let plainPort = 0;

  beforeAll(async () => {
    mkdirSync(join(folder, "root"));
    writeFileSync(join(folder, "token"), secret, { mode: 0o600 });
    const files = ["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
    const args = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      ...files,
      ...subject,
    ];
    execFileSync("openssl", args, { stdio: "ignore" });
    server = createSyncServer({ root: join(folder, "root"), tokens: [token], trustedProxies: ["127.0.0.1"] });
    const upstream = await server.listen();
    port = await freePort();
    plainPort = await freePort();
    nginx = await startNginx(folder, serversOf(folder, port, plainPort, upstream), port);
  });

  afterAll(async () => {
    nginx?.kill();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(["https", "wss"])("pushes and pulls over %s", async (protocol) => {
    const work = freshFolder();
    plant(join(work, "tree"), { big: noise(3_000_000, "big"), "a/b": "small", "c d": "x" });
    const url = `${protocol}://localhost:${port}/sync/${protocol}`;
    const options = ["--ca", join(folder, "cert.pem"), "--token-file", join(folder, "token")];
    const pushed = await rsyncStream(["push", ...options, `${work}/tree/`, url]);
    expect(pushed.code, pushed.stderr).toBe(0);
    const pulled = await rsyncStream(["pull", ...options, `${url}/`, `${work}/copy`]);
    expect(pulled.code, pulled.stderr).toBe(0);
    expect(picture(join(work, "copy"))).toEqual(picture(join(work, "tree")));
    const again = await rsyncStream(["push", ...options, "--json", `${work}/tree/`, url]);
    expect(again.stdout.toString()).toContain('"newBytes":0');
  });

  it("fetches a file as CAFS does", async () => {
    const work = freshFolder();
    writeFileSync(join(folder, "root", "file"), noise(2_000_000, "file"));
    const url = `https://localhost:${port}/sync/file`;
    const options = ["--ca", join(folder, "cert.pem"), "--token-file", join(folder, "token")];
    const { code, stderr } = await rsyncStream(["fetch", "-q", ...options, url, join(work, "file")]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(readFileSync(join(work, "file")).equals(noise(2_000_000, "file"))).toBe(true);
  });

  it("pushes and pulls in turns where it collects whatever it passes on", async () => {
    const work = freshFolder();
    plant(join(work, "tree"), { big: noise(5_000_000, "big"), "a/b": "small", "c d": "x" });
    const url = `http://127.0.0.1:${plainPort}/turns`;
    const options = ["--turns", "--token-file", join(folder, "token")];
    const pushed = await rsyncStream(["push", ...options, `${work}/tree/`, url]);
    expect(pushed.code, pushed.stderr).toBe(0);
    const pulled = await rsyncStream(["pull", ...options, `${url}/`, `${work}/copy`]);
    expect(pulled.code, pulled.stderr).toBe(0);
    expect(picture(join(work, "copy"))).toEqual(picture(join(work, "tree")));
  });

  it("tells what helps where it passes no upgrade on", async () => {
    const url = `ws://127.0.0.1:${plainPort}/`;
    const { code, stderr } = await rsyncStream(["pull", "--token-file", join(folder, "token"), url, "x"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("--turns") });
  });

  it("who is at the other end is checked", async () => {
    const work = freshFolder();
    const url = `https://localhost:${port}/sync/`;
    const token = ["--token-file", join(folder, "token")];
    const unknown = await rsyncStream(["pull", ...token, url, `${work}/x`]);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining("certificate") });
    const careless = await rsyncStream(["pull", ...token, "--insecure", url, `${work}/x`]);
    expect(careless.code, careless.stderr).toBe(0);
    const wrongName = await rsyncStream([
      "pull",
      ...token,
      "--ca",
      `${folder}/cert.pem`,
      url.replace("localhost", "127.0.0.1"),
      `${work}/x`,
    ]);
    expect(wrongName).toMatchObject({ code: 1, stderr: expect.stringContaining("altnames") });
  });
});

function serversOf(folder: string, port: number, plainPort: number, upstream: string): string {
  return `${upgrades}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    ${location.replace("http://127.0.0.1:8730/", upstream)}
  }
  server {
    listen 127.0.0.1:${plainPort};
    location / { proxy_pass ${upstream}; }
  }`;
}
