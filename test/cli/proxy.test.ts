import { createServer, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createServer as createSyncServer } from "../../src/http/server.node.ts";
import { unless } from "../obstacles.ts";
import { noOpenssl, selfSigned } from "../self-signed.ts";
import { freshFolder, runShell } from "./run.ts";
import { picture, plant } from "./trees.ts";

/** A proxy, and the requests that it was asked for. */
async function startProxy(status = 200) {
  const asked: string[] = [];
  const proxy = createServer((incoming, answer) => {
    asked.push(`${incoming.method} ${new URL(incoming.url!).pathname}`);
    const { method, headers, url } = incoming;
    const outgoing = request(url!, { method, headers }, (got) => {
      answer.writeHead(got.statusCode!, got.headers);
      got.pipe(answer);
    });
    outgoing.on("error", () => answer.destroy());
    outgoing.flushHeaders();
    incoming.pipe(outgoing);
  });
  proxy.on("connect", ({ url = "" }, socket, head) => {
    asked.push(`CONNECT ${url}`);
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const there = connect(Number(url.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Go on\r\n\r\n");
      there.write(head);
      socket.pipe(there).pipe(socket);
    });
    for (const one of [socket, there]) one.on("error", () => [socket, there].forEach((end) => end.destroy()));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { asked, url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
}

/** A tree to push, a server to push it to, and a proxy in between. */
async function prepare(tls?: { readonly key: string; readonly cert: string }, status?: number) {
  const work = freshFolder();
  plant(join(work, "from"), { a: "a", "b/c": "c" });
  mkdirSync(join(work, "root"));
  const server = createSyncServer({ root: join(work, "root") });
  onTestFinished(() => server.close());
  const proxy = await startProxy(status);
  return { work, proxy, url: new URL(await server.listen({ host: "127.0.0.1", ...(tls && { tls }) })) };
}

test.each([
  ["http:", "http_proxy", "", /^CONNECT 127\.0\.0\.1:\d+$/],
  ["http:", "HTTP_PROXY", "--turns", /^POST /],
  ["ws:", "all_proxy", "", /^CONNECT 127\.0\.0\.1:\d+$/],
])("%s goes by way of the proxy that %s names %s", async (protocol, name, options, how) => {
  const { work, proxy, url } = await prepare();
  const line = `env -u no_proxy -u NO_PROXY ${name}=${proxy.url} $RS push --retries 0 ${options} "$1/from/" ${protocol}//${url.host}/to`;
  const { code, stderr } = await runShell(line, work);
  expect(code, stderr).toBe(0);
  expect(picture(join(work, "root/to"))).toEqual(picture(join(work, "from")));
  expect(proxy.asked[0]).toMatch(how);
});

unless(noOpenssl).test("https: goes through a tunnel, and trusts whom it is told to", async () => {
  const tls = selfSigned();
  const { work, proxy, url } = await prepare(tls);
  writeFileSync(join(work, "cert.pem"), tls.cert);
  const push = (ca: string) =>
    runShell(
      `no_proxy= NO_PROXY= https_proxy=${proxy.url} $RS push --retries 0 ${ca} "$1/from/" https://localhost:${url.port}/to`,
      work,
    );
  expect((await push("")).stderr).toContain("--ca FILE");
  const { code, stderr } = await push('--ca "$1/cert.pem"');
  expect(code, stderr).toBe(0);
  expect(proxy.asked).toEqual(Array.from({ length: 2 }, () => `CONNECT localhost:${url.port}`));
});

test("no_proxy names hosts that are reached without it, and a proxy's refusal is told", async () => {
  const { work, proxy, url } = await prepare(undefined, 403);
  const push = (environment: string) =>
    runShell(`${environment} $RS push --retries 0 "$1/from/" ws://${url.host}/to`, work);
  const direct = await push(`all_proxy=${proxy.url} no_proxy=127.0.0.1`);
  expect([direct.code, proxy.asked]).toEqual([0, []]);
  const refused = await push(`all_proxy=${proxy.url}`);
  expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining("403")]);
  const odd = await push("all_proxy=socks5://127.0.0.1:1");
  expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining("none of http: or https:")]);
});
