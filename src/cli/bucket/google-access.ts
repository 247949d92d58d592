import { homedir } from "node:os";
import { join } from "node:path";
import type { GoogleAccess } from "../../bucket/google/google-place.node.ts";
import { parseServiceAccount } from "../../bucket/google/key-file.node.ts";
import { credentialsOf } from "../casync/s3-settings.ts";
import { readSecretFile } from "../options/secret-file.ts";
import { readSection } from "./ini-file.ts";

/**
 * What the environment says, or else Google's own file: HMAC keys, or a file of keys.
 *
 * @throws USAGE for half of a pair, and for a file of keys that is none; NOT_FOUND
 */
export function googleAccess(profile?: string): GoogleAccess {
  const env = process.env;
  const { GS_ACCESS_KEY_ID, GS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS, BOTO_CONFIG } = env;
  if (GS_ACCESS_KEY_ID || GS_SECRET_ACCESS_KEY)
    return { hmac: credentialsOf(GS_ACCESS_KEY_ID, GS_SECRET_ACCESS_KEY, undefined) };
  if (profile === undefined && GOOGLE_APPLICATION_CREDENTIALS)
    return accountIn(GOOGLE_APPLICATION_CREDENTIALS);
  const said = readSection(BOTO_CONFIG || join(homedir(), ".boto"), profile ?? "Credentials");
  const [access, secret] = [said.get("gs_access_key_id"), said.get("gs_secret_access_key")];
  if (access !== undefined || secret !== undefined) return { hmac: credentialsOf(access, secret, undefined) };
  const keyFile = said.get("gs_service_key_file");
  return keyFile === undefined ? {} : accountIn(keyFile);
}

function accountIn(keyFile: string): GoogleAccess {
  return { account: parseServiceAccount(readSecretFile(keyFile)) };
}
