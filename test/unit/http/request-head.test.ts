import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { networkOf } from "../../../src/http/network.ts";
import { createServer, type ServerOptions } from "../../../src/http/server.node.ts";
import { sessionMediaType } from "../../../src/transport/session-request.ts";
import { rawConnection } from "./serving.ts";

const root = mkdtempSync(join(tmpdir(), "rsync-stream-head-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
writeFileSync(join(root, "file"), "content");

async function heard(said: string, options: Partial<ServerOptions> = {}): Promise<string> {
  await using server = createServer({ root, ...options });
  const client = await rawConnection(Number(new URL(await server.listen()).port));
  client.say(said);
  const all = await client.closed;
  client.socket.destroy();
  return all;
}

const host = "Host: localhost";
const request = (line: string, ...headers: readonly string[]): string =>
  [`${line} HTTP/1.1`, ...headers, "Connection: close", "", ""].join("\r\n");

describe("a head that two readers may take for two things is refused", () => {
  const heads = {
    "two hosts": request("GET /file", host, "Host: evil.example"),
    "two hosts, the same": request("GET /file", host, host),
    "two hosts, spelled differently": request("GET /file", "host: localhost", "HOST: 127.0.0.1"),
    "two hosts before the page": request("GET /", host, host),
    "two hosts before the health": request("GET /healthz", host, host),
    "two hosts of a preflight": request(
      "OPTIONS /file",
      host,
      host,
      "Origin: http://localhost",
      "Access-Control-Request-Method: GET",
    ),
    "two hosts of an upgrade": request(
      "GET /?session=pull",
      host,
      host,
      "Connection: Upgrade",
      "Upgrade: websocket",
    ).replace("Connection: close\r\n", ""),
    "no host": request("GET /file"),
    "an empty host": request("GET /file", "Host:"),
    "a host with a user": request("GET /file", "Host: a@localhost"),
    "a host with a path": request("GET /file", "Host: localhost/x"),
    "two hosts in one": request("GET /file", "Host: localhost, evil.example"),
    "a port that is none": request("GET /file", "Host: localhost:http"),
    "two tokens": request("GET /file", host, "Authorization: Bearer a", "Authorization: Bearer b"),
    "two origins": request("GET /file", host, "Origin: http://localhost", "Origin: http://evil.example"),
    "two lengths": request("POST /file", host, "Content-Length: 1", "Content-Length: 2"),
    "two equal lengths": request("POST /file", host, "Content-Length: 1", "Content-Length: 1"),
    "a list of lengths": request("POST /file", host, "Content-Length: 1, 1"),
    "a length and chunks": request("POST /file", host, "Content-Length: 1", "Transfer-Encoding: chunked"),
    "two codings": request("POST /file", host, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    "a list of codings": request("POST /file", host, "Transfer-Encoding: gzip, chunked"),
    "a coding that is none": request("POST /file", host, "Transfer-Encoding: identity"),
    "two types": request(
      "POST /?session=push",
      host,
      `Content-Type: ${sessionMediaType}`,
      "Content-Type: text/plain",
    ),
    "a target of another host": request("GET http://evil.example/file", host),
    "a target of another port": request("GET http://localhost:1/file", host),
    "a target with a user": request("GET http://a@localhost/file", host),
    "a target that is no path": request("GET file", host),
    "a target of another scheme": request("GET ftp://localhost/file", host),
    "a target with a fragment": request("GET /file#part", host),
    "a whole URL with a fragment": request("GET http://localhost/file#part", host),
    "two views": request("GET /file?view=content&view=names", host),
    "two views, the same": request("GET /file?view=content&view=content", host),
    "two views, one in escapes": request("GET /file?view=content&v%69ew=names", host),
    "two wishes": request(
      "POST /?session=pull&session=push",
      host,
      `Content-Type: ${sessionMediaType}`,
      "Content-Length: 0",
    ),
    "two orders": request("GET /?view=access&session=pull&order={}&order={}", host),
    "two turns": request(
      "POST /?session=pull&turns=open&turns=0123",
      host,
      `Content-Type: ${sessionMediaType}`,
    ),
    "two places of a turn": request("GET /?session=pull&turns=0123&at=0&at=1", host),
    "an escape that is cut off": request("GET /file?view=conten%7", host),
    "an escape without digits": request("GET /file?view=%zz", host),
    "escapes that are not UTF-8": request("GET /file?view=content&x=%ff", host),
    "a target that is a host": request("OPTIONS *", host),
    "a blank before a colon": request("GET /file", "Host : localhost"),
    "a head without an end of lines": "GET /file HTTP/1.1\nHost: localhost\rX\n\n",
    "another protocol": "SSH-2.0-OpenSSH_9.2\r\n",
  };

  test.each(Object.entries(heads))("%s", async (_, said) => {
    const all = await heard(said, { ui: true });
    expect(all).toMatch(/^HTTP\/1\.1 400 /);
    expect(all).toMatch(/\{"error":\{"code":"BAD_MESSAGE","message":"[^"]+"\}\}\n$/);
  });

  test("one that is too long, with a reason", async () => {
    const all = await heard(request("GET /file", host, `X: ${"a".repeat(20_000)}`));
    expect(all).toMatch(/^HTTP\/1\.1 431 /);
    expect(all).toContain("16384 bytes");
  });
});

describe("what is said plainly is heard", () => {
  test.each([
    ["a port", request("GET /file", "Host: localhost:8730")],
    ["an address of IPv6", request("GET /file", "Host: [fe80::1]:80")],
    ["upper case", request("GET /file", "HOST: LOCALHOST")],
    ["a whole URL as the target", request("GET http://localhost/file", host)],
    ["the old version without a host", "GET /healthz HTTP/1.0\r\n\r\n"],
  ])("%s", async (_, said) => {
    expect(await heard(said)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe("names that may be asked for where no token is needed", () => {
  test.each([
    ["127.0.0.1", 200],
    ["10.1.2.3:8730", 200],
    ["[2001:db8::1]:8730", 200],
    ["fileserver", 200],
    ["files.example.org", 401],
    ["127.0.0.1.evil.example", 401],
    ["localhost.evil.example", 401],
  ])("%s: %d", async (name, status) => {
    expect(await heard(request("GET /file", `Host: ${name}`))).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test("one that was allowed", async () => {
    const said = request("GET /file", "Host: Files.example.org:80");
    expect(await heard(said, { hosts: ["files.example.org"] })).toMatch(/^HTTP\/1\.1 200 /);
  });
});

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["nonsense", "nonsense"],
])("%s is counted under %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
