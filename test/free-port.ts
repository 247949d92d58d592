import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A port of this machine that nobody listens at. It lies below those that systems give to whoever
 * asks for any, so that none of the connections that others open meanwhile gets it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
