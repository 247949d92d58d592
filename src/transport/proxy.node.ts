import type { Agent } from "node:http";
import { SyncError } from "../errors.ts";

/**
 * The agent that reaches a URL by way of a proxy, where the environment names one: `http_proxy`,
 * `https_proxy`, `all_proxy`, but for hosts of `no_proxy`.
 *
 * @param url one of http:, https:, ws: or wss:
 * @param way by `requests` a proxy passes on what is asked over http:, one by one, which those that
 *   collect bodies do as well; all else goes through a tunnel (CONNECT, RFC 9110 9.3.6)
 * @returns undefined where there is to be no proxy
 * @throws USAGE for a proxy of another kind
 */
export async function proxyAgentFor(url: string, way: "requests" | "tunnel"): Promise<Agent | undefined> {
  if (!Object.keys(process.env).some((name) => /_proxy$/i.test(name))) return undefined;
  const { getProxyForUrl } = await import("proxy-from-env");
  const proxy = getProxyForUrl(url.replace(/^ws/, "http"));
  if (proxy === "") return undefined;
  if (!/^https?:/.test(proxy) || !URL.canParse(proxy))
    throw new SyncError("USAGE", "the environment names a proxy that is none of http: or https:");
  // A connection that may be kept stays open for the one direction when the other has ended.
  const kept = { keepAlive: true };
  if (way === "requests" && url.startsWith("http:"))
    return new (await import("http-proxy-agent")).HttpProxyAgent(proxy, kept);
  return new (await import("https-proxy-agent")).HttpsProxyAgent(proxy, kept);
}
