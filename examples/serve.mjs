// A server of one's own that also syncs: a push and a pull with tokens, beside another route.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createReceiver,
  createSender,
  createServer,
  generateToken,
  openTreeSource,
  openTreeTarget,
} from "rsync-stream/node";
import { connectHttp } from "rsync-stream/transport/http";

const folder = await mkdtemp(join(tmpdir(), "serve-example-"));
await mkdir(join(folder, "root"));
await mkdir(join(folder, "photos"));
await writeFile(join(folder, "photos", "sea.txt"), "blue\n");

const { secret, token } = generateToken("me", ["read", "write"]);
const sync = createServer({ root: join(folder, "root"), tokens: [token] });
const server = createHttpServer({ requestTimeout: 0 }, (request, response) => {
  if (request.url === "/hello") response.end("hello\n");
  else sync.handle(request, response);
}).on("upgrade", (request, socket, head) => sync.upgrade(request, socket, head));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}`;

const headers = { Authorization: `Bearer ${secret}` };
await createSender({
  connect: ({ signal }) => connectHttp(`${url}/?session=push`, { headers, signal }),
  openSource: () => openTreeSource(join(folder, "photos")),
  retries: 5,
}).done;

const { receivedBytes } = await createReceiver({
  connect: ({ signal }) => connectHttp(`${url}/photos/?session=pull`, { headers, signal }),
  openTarget: () => openTreeTarget(join(folder, "copy")),
}).done;
console.log(`${receivedBytes} bytes came: ${await readFile(join(folder, "copy", "sea.txt"), "utf8")}`.trim());
console.log((await (await fetch(`${url}/hello`)).text()).trim());

await sync.close();
server.close();
server.closeAllConnections();
await rm(folder, { recursive: true });
