import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { SyncError } from "../../errors.ts";

/** Who asks Google, as a file of keys for a service account tells. */
export interface ServiceAccount {
  readonly email: string;
  readonly key: KeyObject;
  readonly keyId: string | undefined;
  /** Where tokens are given out. */
  readonly tokenUrl: string;
  readonly project: string | undefined;
}

/** What a token is good for, and how long an assertion is: an hour is the most that is taken. */
const scope = "https://www.googleapis.com/auth/devstorage.full_control";
const assertionSeconds = 3600;

/**
 * Reads a file of keys as Google gives it out.
 *
 * @throws USAGE for what is none, or of another kind of account
 */
export function parseServiceAccount(text: string): ServiceAccount {
  const { type, ...found } = fieldsOf(text);
  if (type !== "service_account") throw wrong(`is of type "${type ?? "nothing"}", not "service_account"`);
  const { client_email: email, private_key: pem, token_uri: tokenUrl } = found;
  if (email === undefined || pem === undefined || tokenUrl === undefined)
    throw wrong("lacks client_email, private_key or token_uri");
  const { protocol, hostname } = URL.canParse(tokenUrl) ? new URL(tokenUrl) : { protocol: "", hostname: "" };
  if (protocol !== "https:" && hostname !== "127.0.0.1") throw wrong("has a token_uri that is none of https");
  return { email, key: keyOf(pem), keyId: found["private_key_id"], tokenUrl, project: found["project_id"] };
}

/** The fields that are texts. */
function fieldsOf(text: string): Readonly<Record<string, string | undefined>> {
  try {
    const fields = Object.entries(JSON.parse(text) as object);
    return Object.fromEntries(fields.filter(([, value]) => typeof value === "string"));
  } catch (thrown) {
    throw wrong("is no JSON object", thrown);
  }
}

function keyOf(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "rsa") return key;
  } catch (thrown) {
    throw wrong("has a private_key that cannot be read", thrown);
  }
  throw wrong("has a private_key that is none of RSA");
}

/** What an account shows to get a token: a JWT that its key has signed, by RS256. */
export function assertionOf({ email, key, keyId, tokenUrl }: ServiceAccount, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  const header = { alg: "RS256", typ: "JWT", ...(keyId !== undefined && { kid: keyId }) };
  const claims = { iss: email, scope, aud: tokenUrl, iat: seconds, exp: seconds + assertionSeconds };
  const content = [header, claims].map((part) => base64url(JSON.stringify(part))).join(".");
  return `${content}.${base64url(sign("RSA-SHA256", Buffer.from(content), key))}`;
}

function base64url(content: string | Buffer): string {
  return Buffer.from(content).toString("base64url");
}

function wrong(what: string, cause?: unknown): SyncError {
  return new SyncError("USAGE", `the file of keys for Google ${what}`, { cause });
}
