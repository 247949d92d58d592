import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A proxy that passes connections on, but only so much of what each brings back. */
export interface LimitedProxy {
  readonly url: string;
  /** What later connections may bring back. */
  limitBytes: number;
}

/**
 * Stands before a server until the test is over.
 *
 * @param atLimit `break` to break the connection off there, `hold` to pass nothing more on
 */
export async function limitedProxy(
  url: string,
  limitBytes: number,
  atLimit: "break" | "hold",
): Promise<LimitedProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const limit = proxy.limitBytes;
    const far = connect(Number(new URL(url).port), "127.0.0.1");
    let count = 0;
    for (const socket of [near, far]) sockets.add(socket.on("error", () => {}));
    near.on("data", (bytes) => far.write(bytes)).on("close", () => far.destroy());
    far
      .on("data", (bytes) => {
        count += bytes.length;
        if (count <= limit) near.write(bytes);
        // With all that was let through: the next run counts on it.
        else if (atLimit === "break" && near.writable) near.destroySoon();
      })
      .on("close", () => near.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const proxy = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, limitBytes };
  return proxy;
}
