import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { toHex } from "../bytes/hex.ts";
import { parseSize } from "../bytes/size.ts";
import { SyncError } from "../errors.ts";
import type { ReceiveLimits } from "../session/allowance.ts";
import type { Scope } from "./route.ts";

/** Somebody who was let in. */
export interface Principal {
  /** Names them in reports; it is no secret. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** What one push may make on the disk, where that differs from what the server allows. */
  readonly limits?: ReceiveLimits;
}

/** A token that a server knows, by its digest. */
export interface Token extends Principal {
  /** SHA-256 of the token's text. 32 bytes. */
  readonly digest: Uint8Array;
}

const scopeNames: readonly string[] = ["read", "write", "delete"] satisfies readonly Scope[];
/** Characters of base64url for 128 bits. */
const leastTokenLength = 22;
const tokenBytes = 24;

/**
 * Reads a token file: a line for each token, with a name, scopes joined by commas, and the token
 * itself or `sha256:` and its digest in hex, and then limits of a push, `max-bytes=`,
 * `max-entries=`, `max-expansion=`, 0 being none; blanks between them. Lines that are empty or
 * begin with # are passed over.
 *
 * @throws USAGE that names the line, never its content
 */
export function parseTokens(text: string): readonly Token[] {
  const tokens = text
    .split("\n")
    .map((line, index) => ({ words: line.trim().split(/\s+/), number: index + 1 }))
    .filter(({ words }) => words[0] !== "" && !words[0]!.startsWith("#"))
    .map(({ words, number }) => ({ token: parseToken(words, number), number }));
  checkDifferent(tokens);
  if (tokens.length === 0) throw new SyncError("USAGE", "the token file holds no token");
  return tokens.map(({ token }) => token);
}

/** @throws USAGE for a token that stands in two lines: which of them counts would be a guess */
function checkDifferent(tokens: readonly { readonly token: Token; readonly number: number }[]): void {
  const lines = new Map<string, number>();
  for (const { token, number } of tokens) {
    const digest = toHex(token.digest);
    const before = lines.get(digest);
    if (before !== undefined) throw wrongLine(number, `the token of line ${before} again`);
    lines.set(digest, number);
  }
}

function wrongLine(number: number, why: string): SyncError {
  return new SyncError("USAGE", `token file, line ${number}: ${why}`);
}

function parseToken(words: readonly string[], number: number): Token {
  const wrong = (why: string): SyncError => wrongLine(number, why);
  const [name, scopeList, secret, ...more] = words;
  if (name === undefined || scopeList === undefined || secret === undefined)
    throw wrong("a name, scopes and a token are needed");
  const limits = parseLimits(more);
  if (!limits)
    throw wrong("behind the token come max-bytes=, max-entries= and max-expansion= only, each once");
  const scopes = scopeList.split(",");
  if (!scopes.every((scope) => scopeNames.includes(scope))) throw wrong("scopes are read, write and delete");
  if (secret.startsWith("sha256:")) {
    if (!/^sha256:[0-9a-f]{64}$/.test(secret)) throw wrong("a digest has 64 hex digits");
    return { name, scopes: scopes as Scope[], digest: Buffer.from(secret.slice(7), "hex"), limits };
  }
  if (!/^[A-Za-z0-9_-]+$/.test(secret)) throw wrong("a token has letters, digits, - and _ only");
  if (secret.length < leastTokenLength) throw wrong(`a token has ${leastTokenLength} characters at least`);
  return { name, scopes: scopes as Scope[], digest: digestOf(secret), limits };
}

const limitNames: Readonly<Record<string, keyof ReceiveLimits>> = {
  "max-bytes": "maxTotalBytes",
  "max-entries": "maxEntryCount",
  "max-expansion": "maxExpansion",
};

function parseLimits(words: readonly string[]): ReceiveLimits | undefined {
  const limits = new Map<keyof ReceiveLimits, number>();
  for (const word of words) {
    const [key = "", text = "", ...more] = word.split("=");
    const name = Object.hasOwn(limitNames, key) ? limitNames[key] : undefined;
    const value = parseSize(text);
    if (name === undefined || value === undefined || more.length > 0 || limits.has(name)) return undefined;
    limits.set(name, value === 0 ? Infinity : value);
  }
  return Object.fromEntries(limits);
}

/** A new token: 192 random bits. */
export function generateToken(name: string, scopes: readonly Scope[]): { secret: string; token: Token } {
  const secret = randomBytes(tokenBytes).toString("base64url");
  return { secret, token: { name, scopes, digest: digestOf(secret) } };
}

/** Whose token this is. It takes the same time whatever it is compared with. */
export function findToken(tokens: readonly Token[], secret: string): Principal | undefined {
  const digest = digestOf(secret);
  let found: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(token.digest, digest)) found = token;
  if (!found) return undefined;
  const { name, scopes, limits } = found;
  return { name, scopes, ...(limits && { limits }) };
}

function digestOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
