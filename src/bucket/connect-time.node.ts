import type { Socket } from "node:net";
import { requestLimits } from "./requests.ts";

/**
 * Ends a socket that has no connection in time. Names are looked up within it, too.
 *
 * @param event by which it has one
 */
export function limitConnecting(socket: Socket, event: "connect" | "secureConnect" = "connect"): void {
  const { connectMs } = requestLimits;
  const late = (): void =>
    void socket.destroy(new Error(`there is no connection after ${connectMs / 1000} s`));
  const timer = setTimeout(late, connectMs);
  for (const end of [event, "close"]) socket.once(end, () => clearTimeout(timer));
}
