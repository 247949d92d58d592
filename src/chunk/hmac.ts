import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../types.ts";

// Asked for at run time, so that bundlers for the browser see no Node module here.
const node = globalThis.process?.getBuiltinModule?.("node:crypto");

/** HMAC of RFC 2104 with SHA-256, at once. */
export function hmacSha256(key: Bytes, bytes: Bytes): Bytes {
  return node ? node.createHmac("sha256", key).update(bytes).digest() : hmac(sha256, key, bytes);
}
