import { join } from "node:path";
import { homedir } from "node:os";
import type { S3Credentials } from "../../bucket/sign-request.ts";
import { s3EndpointOf, type S3Settings } from "../../bucket/s3-place.ts";
import { SyncError } from "../../errors.ts";
import { readSection } from "../bucket/ini-file.ts";

/** What a configuration says of a server of S3, in the words of desync. */
export interface S3Entry {
  readonly "access-key"?: string;
  readonly "secret-key"?: string;
  readonly "aws-credentials-file"?: string;
  readonly "aws-profile"?: string;
  readonly "aws-region"?: string;
}

/** The variables that hold credentials; the first pair that is set counts. */
const variables = [
  { access: "S3_ACCESS_KEY", secret: "S3_SECRET_KEY", token: "S3_SESSION_TOKEN" },
  { access: "AWS_ACCESS_KEY_ID", secret: "AWS_SECRET_ACCESS_KEY", token: "AWS_SESSION_TOKEN" },
] as const;

/**
 * Finds credentials for stores in buckets: in the environment, or else in what a configuration says
 * of their servers.
 *
 * @throws USAGE for half of a pair, NOT_FOUND
 */
export function s3Settings(entries: Readonly<Record<string, S3Entry>> = {}): S3Settings {
  return (place) => {
    const entry = entries[s3EndpointOf(place)] ?? {};
    const credentials = fromEnvironment() ?? fromEntry(entry);
    const region = process.env["S3_REGION"] || entry["aws-region"];
    return { ...(credentials && { credentials }), ...(region && { region }) };
  };
}

/** Credentials that the environment has. @throws USAGE for half of a pair */
export function fromEnvironment(): S3Credentials | undefined {
  for (const { access, secret, token } of variables) {
    const [accessKey, secretKey, sessionToken] = [access, secret, token].map((name) => process.env[name]);
    if (accessKey || secretKey) return credentialsOf(accessKey, secretKey, sessionToken);
  }
  return undefined;
}

function fromEntry(entry: S3Entry): S3Credentials | undefined {
  const { "aws-credentials-file": file, "aws-profile": profile } = entry;
  if (file !== undefined || profile !== undefined) return fromFile(file, profile);
  const [accessKey, secretKey] = [entry["access-key"], entry["secret-key"]];
  return accessKey || secretKey ? credentialsOf(accessKey, secretKey, undefined) : undefined;
}

/** A profile of a file of credentials, as the programs of Amazon have it. */
function fromFile(path = join(homedir(), ".aws", "credentials"), profile = "default"): S3Credentials {
  const found = readSection(path, profile);
  const [access, secret] = ["aws_access_key_id", "aws_secret_access_key"].map((name) => found.get(name));
  return credentialsOf(access, secret, found.get("aws_session_token"));
}

/** A key, its secret, and what goes with them. @throws USAGE for half of a pair */
export function credentialsOf(
  accessKey: string | undefined,
  secretKey: string | undefined,
  sessionToken: string | undefined,
): S3Credentials {
  if (!accessKey || !secretKey) throw new SyncError("USAGE", "credentials of S3 need a key and its secret");
  return { accessKey, secretKey, ...(sessionToken && { sessionToken }) };
}
