import { homedir } from "node:os";
import { join } from "node:path";
import { dirBucket, type DirBucketOptions } from "../../bucket/dir-bucket.node.ts";
import { openGoogle } from "../../bucket/google/google-place.node.ts";
import { s3Bucket } from "../../bucket/s3.ts";
import { openS3 } from "../../bucket/s3-place.ts";
import type { S3BucketOptions } from "../../bucket/s3-requests.ts";
import type { S3Credentials } from "../../bucket/sign-request.ts";
import type { SyncSide } from "../../bucket/sync/job.ts";
import { SyncError } from "../../errors.ts";
import { credentialsOf, fromEnvironment } from "../casync/s3-settings.ts";
import { googleAccess } from "./google-access.ts";
import { readSection } from "./ini-file.ts";

/** What a command line says of the server of one side. */
export interface PlaceSettings {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
}

type Given = S3BucketOptions & DirBucketOptions;

/**
 * Opens one side: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `s3+https://HOST/BUCKET/PREFIX`, or
 * else a directory. A prefix stands for what lies below it, as a directory does.
 *
 * @throws USAGE
 */
export function openPlace(place: string, settings: PlaceSettings, options: Given): SyncSide {
  const [, scheme, name, rest = ""] = /^(s3|gs):\/\/([^/]+)\/*(.*)$/is.exec(place) ?? [];
  if (scheme === undefined) return openOther(place, settings, options);
  const prefix = prefixOf(rest);
  if (scheme.toLowerCase() !== "gs") return { bucket: openAmazon(name!, settings, options), prefix };
  const { endpoint, profile } = settings;
  return { bucket: openGoogle(name!, { ...googleAccess(profile), endpoint }, options), prefix };
}

function openOther(place: string, settings: PlaceSettings, options: Given): SyncSide {
  if (/^s3\+https?:\/\//i.test(place)) {
    const { bucket, prefix } = openS3(place, { ...options, ...amazonOptions(settings) });
    return { bucket, prefix: prefixOf(prefix) };
  }
  if (/^[a-z0-9+]+:\/\//i.test(place))
    throw new SyncError("USAGE", `"${place}" is no bucket: s3://, gs://, s3+https:// or a directory`);
  return { bucket: dirBucket(place, options), prefix: "" };
}

function prefixOf(rest: string): string {
  const bare = rest.replace(/\/+$/, "");
  return bare === "" ? "" : `${bare}/`;
}

function openAmazon(name: string, settings: PlaceSettings, options: Given) {
  const known = amazonOptions(settings);
  const endpoint = settings.endpoint ?? known.endpoint ?? `https://s3.${known.region}.amazonaws.com`;
  if (!URL.canParse(endpoint)) throw new SyncError("USAGE", `--endpoint takes a URL, not "${endpoint}"`);
  return s3Bucket(endpoint, name, { ...options, ...known });
}

/** What the environment and the files of Amazon's programs say. */
function amazonOptions({ region, profile }: PlaceSettings) {
  const { AWS_PROFILE, AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  const chosen = profile ?? (AWS_PROFILE || "default");
  const configPath = process.env["AWS_CONFIG_FILE"] || join(homedir(), ".aws", "config");
  const config = readSection(configPath, chosen === "default" ? chosen : `profile ${chosen}`);
  const read = (): S3Credentials | undefined =>
    (profile === undefined ? fromEnvironment() : undefined) ?? fromProfile(chosen, config);
  // Its requests would not be signed, and refused without saying why.
  if (chosen !== "default" && config.size === 0 && read() === undefined)
    throw new SyncError(
      "USAGE",
      `there is no profile "${chosen}", in ${credentialsPath()} or in ${configPath}`,
    );
  return {
    region: region ?? (AWS_REGION || AWS_DEFAULT_REGION || config.get("region") || "us-east-1"),
    endpoint: AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL || config.get("endpoint_url"),
    ...(read() && { credentials: renewed(read) }),
  };
}

function credentialsPath(): string {
  return process.env["AWS_SHARED_CREDENTIALS_FILE"] || join(homedir(), ".aws", "credentials");
}

function fromProfile(profile: string, config: ReadonlyMap<string, string>): S3Credentials | undefined {
  for (const found of [readSection(credentialsPath(), profile), config]) {
    const [access, secret] = [found.get("aws_access_key_id"), found.get("aws_secret_access_key")];
    if (access !== undefined || secret !== undefined)
      return credentialsOf(access, secret, found.get("aws_session_token"));
  }
  return undefined;
}

/** Milliseconds after which credentials are read again: they may be of a session that ends. */
const renewalMs = 60_000;

function renewed(read: () => S3Credentials | undefined): () => S3Credentials | undefined {
  let known = read();
  let readMs = performance.now();
  return () => {
    if (performance.now() - readMs < renewalMs) return known;
    readMs = performance.now();
    known = read() ?? known;
    return known;
  };
}
