// One call for any two places: to a server and back, then once more.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, generateToken, transfer } from "rsync-stream/node";

const folder = await mkdtemp(join(tmpdir(), "transfer-example-"));
await mkdir(join(folder, "photos"));
await mkdir(join(folder, "root"));
await writeFile(join(folder, "photos", "sea.txt"), "blue\n");

const { secret, token } = generateToken("me", ["read", "write"]);
const server = createServer({ root: join(folder, "root"), tokens: [token] });
const url = await server.listen();
const options = {
  headers: { Authorization: `Bearer ${secret}` },
  onTrouble: (error) => console.error(`${error.detail.path}: ${error.message}`),
};

// A place may as well be host:photos, which goes over ssh.
await transfer(join(folder, "photos"), url, options);
await transfer(new URL("photos/", url).href, join(folder, "copy"), options);
console.log((await readFile(join(folder, "copy", "sea.txt"), "utf8")).trim());

const { receivedBytes } = await transfer(new URL("photos/", url).href, join(folder, "copy"), options);
console.log(`the second time ${receivedBytes} bytes came`);

await server.close();
await rm(folder, { recursive: true });
