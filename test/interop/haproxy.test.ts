import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { createServer } from "../../src/http/server.node.ts";
import { generateToken } from "../../src/http/tokens.node.ts";
import { freshFolder, rsyncStream } from "../cli/run.ts";
import { noise, picture, plant } from "../cli/trees.ts";
import { freePort } from "../free-port.ts";
import { listeningAt } from "../listening-port.ts";
import { missing, unless } from "../obstacles.ts";
import { selfSigned } from "../self-signed.ts";

/** Starts haproxy by the configuration of the containers, with places and ports of this machine. */
async function startHaproxy(folder: string, port: number, upstream: string): Promise<ChildProcess> {
  const pem = join(folder, "certificate.pem");
  const { cert, key } = selfSigned();
  writeFileSync(pem, cert + key);
  writeFileSync(join(folder, "cert.pem"), cert);
  const replaced = new Map([
    [":8443", `127.0.0.1:${port}`],
    ["/run/secrets/certificate", pem],
    ["127.0.0.1:8730", new URL(upstream).host],
  ]);
  let text = readFileSync("containers/haproxy.cfg", "utf8");
  for (const [there, here] of replaced) {
    expect(text.split(there)).toHaveLength(2);
    text = text.replace(there, here);
  }
  const path = join(folder, "haproxy.cfg");
  writeFileSync(path, text);
  const haproxy = spawn("/usr/sbin/haproxy", ["-db", "-q", "-f", path], { stdio: "ignore" });
  onTestFinished(() => void haproxy.kill());
  await listeningAt(port, haproxy);
  return haproxy;
}

/** The first line of the answer to the check that haproxy makes: it names no host. */
async function checkedHealth(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding("latin1");
  socket.end("GET /healthz HTTP/1.0\r\n\r\n");
  let answer = "";
  socket.on("data", (text: string) => (answer += text));
  await once(socket, "close");
  return answer.split("\r\n")[0]!;
}

unless(missing("openssl", "haproxy")).test(
  "the haproxy of the containers lets sessions through, and finds their server healthy",
  async () => {
    const folder = freshFolder();
    mkdirSync(join(folder, "root"));
    const { secret, token } = generateToken("me", ["read", "write"]);
    writeFileSync(join(folder, "token"), secret, { mode: 0o600 });
    const server = createServer({
      root: join(folder, "root"),
      tokens: [token],
      trustedProxies: ["127.0.0.1"],
    });
    onTestFinished(() => server.close());
    const upstream = await server.listen();
    expect(await checkedHealth(upstream)).toMatch(/ 200 /);
    const port = await freePort();
    await startHaproxy(folder, port, upstream);
    plant(join(folder, "tree"), { big: noise(3_000_000, "big"), "a/b": "small", "c d": "x" });
    const options = ["--ca", join(folder, "cert.pem"), "--token-file", join(folder, "token")];
    for (const protocol of ["https", "wss"]) {
      const url = `${protocol}://localhost:${port}/${protocol}`;
      const pushed = await rsyncStream(["push", ...options, `${folder}/tree/`, url]);
      expect(pushed.code, pushed.stderr).toBe(0);
      const pulled = await rsyncStream(["pull", ...options, `${url}/`, join(folder, `from-${protocol}`)]);
      expect(pulled.code, pulled.stderr).toBe(0);
      expect(picture(join(folder, `from-${protocol}`))).toEqual(picture(join(folder, "tree")));
    }
  },
);
