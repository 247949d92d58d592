import { sessionTimes } from "../session/limits.ts";
import type { LivenessOptions } from "../session/liveness.ts";
import type { RemoteEndpoint } from "./endpoint.node.ts";

/**
 * How long to wait for an end elsewhere to greet: a server as long as for any other word, a remote
 * shell for ever, because it may ask for a password first.
 */
export function livenessTo(
  there: RemoteEndpoint,
  { helloMs, stallMs }: LivenessOptions,
): Pick<LivenessOptions, "helloMs" | "stallMs"> {
  return {
    helloMs: helloMs ?? (there.kind === "ssh" ? 0 : sessionTimes.stallMs),
    ...(stallMs !== undefined && { stallMs }),
  };
}
