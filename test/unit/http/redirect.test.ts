import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { isSyncError } from "../../../src/errors.ts";
import { fetchCafs } from "../../../src/http/cafs-client.node.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { connectTurns } from "../../../src/transport/http-turns.ts";
import { connectHttp } from "../../../src/transport/http.node.ts";
import { connectWs } from "../../../src/transport/ws.node.ts";

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const clients: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  http: (url) => connectHttp(url, { headers: { Authorization: "Bearer secret" } }),
  ws: (url) => connectWs(url.replace("http", "ws"), { headers: { Authorization: "Bearer secret" } }),
  turns: (url) => connectTurns(url, { headers: { Authorization: "Bearer secret" } }),
  cafs: (url) => fetchCafs(url, memoryStore(), { headers: { Authorization: "Bearer secret" } }).next(),
};

test.each(
  Object.keys(clients).flatMap((name) => [301, 302, 307, 308].map((status) => [name, status] as const)),
)(
  "a client over %s does not follow a %i: neither it nor its token goes to whom a server names",
  async (name, status) => {
    const heard: string[] = [];
    const elsewhere = createServer(({ url = "" }, response) => void response.end(String(heard.push(url))));
    elsewhere.on("upgrade", ({ url = "" }, socket) => {
      heard.push(url);
      socket.destroy();
    });
    const Location = await listen(elsewhere);
    const lure = createServer((_, response) => void response.writeHead(status, { Location }).end());
    lure.on(
      "upgrade",
      (_, socket) => void socket.end(`HTTP/1.1 ${status} Found\r\nLocation: ${Location}\r\n\r\n`),
    );
    const outcome = await clients[name]!(await listen(lure)).then(
      () => "connected",
      (thrown: unknown) => (isSyncError(thrown) ? "refused" : thrown),
    );
    expect(outcome).toBe("refused");
    expect(heard).toEqual([]);
  },
);
