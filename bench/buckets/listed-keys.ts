import { spawn } from "node:child_process";
import { once } from "node:events";

/** A server whose buckets have so many objects each, as far as their listings tell. */
export interface ListedKeys extends AsyncDisposable {
  readonly url: string;
}

/** The server, in a process of its own: what it takes is not what is measured. */
const program = `
  const { createServer } = require("node:http");
  const count = Number(process.argv[1]);
  const keyOf = (at) => "d" + String(Math.floor(at / 1000)).padStart(6, "0") + "/k" + String(at).padStart(9, "0");
  const row = (at) => "<Contents><Key>" + keyOf(at) + "</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;" + at.toString(16).padStart(32, "0") + "&quot;</ETag><Size>1000</Size></Contents>";
  const server = createServer((request, response) => {
    const query = new URL(request.url, "http://host").searchParams;
    if (request.method === "HEAD") return response.end();
    const after = query.get("continuation-token") ?? query.get("start-after") ?? query.get("marker");
    const first = after ? Number(after.slice(-9)) + 1 : 0;
    const last = Math.min(count, first + Math.min(1000, Number(query.get("max-keys") ?? 1000)));
    let rows = "";
    for (let at = first; at < last; at++) rows += row(at);
    const next = last < count ? "<NextContinuationToken>" + keyOf(last - 1) + "</NextContinuationToken><NextMarker>" + keyOf(last - 1) + "</NextMarker>" : "";
    response.end("<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>" + (last < count) + "</IsTruncated>" + rows + next + "</ListBucketResult>");
  });
  server.keepAliveTimeout = 60000;
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

/** Starts one; it ends with what disposes of it. */
export async function startListedKeys(count: number): Promise<ListedKeys> {
  const child = spawn(process.execPath, ["-e", program, `${count}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = (): boolean => child.kill("SIGKILL");
  process.once("exit", end);
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  return {
    url: `http://127.0.0.1:${port.toString().trim()}`,
    async [Symbol.asyncDispose]() {
      process.off("exit", end);
      const ended = once(child, "close");
      end();
      await ended;
    },
  };
}
