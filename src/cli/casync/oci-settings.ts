import { homedir } from "node:os";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import type { OciCredentials } from "../../casync/oci-registry.ts";

/** What a configuration says of a store in a container registry, in the words of desync. */
export interface OciEntry {
  readonly username?: string;
  readonly secret?: string;
}

/**
 * Finds who one is to the container registry of a store: in the environment, or else in what a
 * configuration says of the store, or where programs for containers keep it.
 */
export function ociCredentials(
  place: string,
  entries: Readonly<Record<string, OciEntry>> = {},
): OciCredentials | undefined {
  const { DESYNC_OCI_USERNAME: username, DESYNC_OCI_PASSWORD: password } = process.env;
  if (username && password) return { username, password };
  const bare = (text: string): string => text.replace(/\/+$/, "");
  const entry = Object.entries(entries).find(([key]) => bare(key) === bare(place))?.[1];
  if (entry?.username && entry.secret) return { username: entry.username, password: entry.secret };
  return fromLogin(place);
}

/** What `docker login` and its like have written; undefined for what a helper program keeps. */
function fromLogin(place: string): OciCredentials | undefined {
  const folder = process.env["DOCKER_CONFIG"] || join(homedir(), ".docker");
  try {
    const text = readFileSync(join(folder, "config.json"), "utf8");
    const { auths = {} } = JSON.parse(text) as { auths?: Record<string, { auth?: string }> };
    const { host } = new URL(place.replace(/^oci\+/i, ""));
    const pair = Buffer.from(auths[host]?.auth ?? "", "base64").toString();
    const [, username, password] = /^([^:]+):(.+)$/s.exec(pair) ?? [];
    return username !== undefined && password !== undefined ? { username, password } : undefined;
  } catch {
    return undefined; // not there, or of another form: then nobody has logged in
  }
}
