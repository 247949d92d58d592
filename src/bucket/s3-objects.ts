import type { Answer, AnswerHeaders } from "./answer.ts";
import type { Bytes } from "../types.ts";
import type {
  CopySource,
  NewObjectOptions,
  ObjectFacts,
  ObjectMetadata,
  ReadContent,
  ReadTerms,
  WriteTerms,
} from "./object-bucket.ts";
import { bodyOf } from "./requests.ts";
import { etagOf, isMd5 } from "./etag.ts";
import { absent, accepted, askHead, failedBy, refused } from "./s3-refusal.ts";
import { encodeKey, type S3Requests, s3Limits } from "./s3-requests.ts";
import { tagHeader } from "./s3-tags.ts";
import { hasContent, lengthIn, textOf, totalIn } from "./told-content.ts";
import { textIn } from "./xml-text.ts";

/** What S3 says of parts. */
export const s3PartLimits = Object.freeze({
  leastPartBytes: 5_242_880,
  mostPartBytes: 5_368_709_120,
  partCount: 10_000,
});

/** Headers that belong to the content, and travel with it. */
const keptHeaders = [
  "content-type",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
] as const;

const userPrefix = "x-amz-meta-";
const checksumPrefix = "x-amz-checksum-";
const checksumNames = ["crc64nvme", "crc32c", "crc32", "sha256", "sha1"] as const;

/** What the headers of an answer tell of an object. @param sizeBytes of all of it */
export function factsOf({ headers }: Answer, sizeBytes: number): ObjectFacts {
  const etag = etagOf(headers.get("etag"));
  const written = headers.get("last-modified") ?? "";
  const user: Record<string, string> = {};
  for (const [name, value] of headers)
    if (name.startsWith(userPrefix)) user[name.slice(userPrefix.length)] = value;
  const md5 = md5In(headers, etag, user);
  const tagCount = Number(headers.get("x-amz-tagging-count") ?? 0);
  return {
    sizeBytes,
    writtenMs: Date.parse(written),
    mark: etag ?? written,
    ...(etag !== undefined && { etag }),
    checksums: checksumsIn(headers),
    ...(md5 !== undefined && { md5 }),
    ...(tagCount > 0 && { tagCount }),
    metadata: { headers: pick(headers, keptHeaders), user },
  };
}

/** The name under which rclone keeps the MD5 of what was written in parts, in base 64. */
const md5Name = "md5chksum";

/** Adds the MD5 of the content to the metadata of an object whose ETag will not be that. */
export function withMd5(metadata: ObjectMetadata, md5: string): ObjectMetadata {
  return { ...metadata, user: { ...metadata.user, [md5Name]: md5InBase64(md5) } };
}

/** An MD5 as headers have it. @param md5 in hex */
export function md5InBase64(md5: string): string {
  const bytes = md5.match(/../g)!.map((digits) => Number.parseInt(digits, 16));
  return btoa(String.fromCharCode(...bytes));
}

/**
 * An ETag is the MD5 of a content that was written at once, and not encrypted with a key of its
 * own.
 */
function md5In(
  headers: AnswerHeaders,
  etag: string | undefined,
  user: Readonly<Record<string, string>>,
): string | undefined {
  const encryption = headers.get("x-amz-server-side-encryption") ?? "AES256";
  const hasOwnKey = headers.has("x-amz-server-side-encryption-customer-algorithm");
  if (encryption === "AES256" && !hasOwnKey && isMd5(etag)) return etag;
  const kept = googleHash(headers, "md5") ?? user[md5Name];
  if (kept === undefined || !/^[A-Za-z0-9+/]{22}==$/.test(kept)) return undefined;
  return [...atob(kept)].map((letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** Checksums of whole contents only: those of parts together depend on how it was cut. */
function checksumsIn(headers: AnswerHeaders): Record<string, string> {
  if (headers.get("x-amz-checksum-type") === "COMPOSITE") return {};
  const found = checksumNames.flatMap((name) => {
    const value = headers.get(checksumPrefix + name);
    return value === null || value.includes("-") ? [] : [[name, value] as const];
  });
  const crc32c = googleHash(headers, "crc32c");
  return { ...(crc32c !== undefined && { crc32c }), ...Object.fromEntries(found) };
}

/** A digest that Google tells of all of an object, in base 64. */
function googleHash(headers: AnswerHeaders, name: "crc32c" | "md5"): string | undefined {
  const told = (headers.get("x-goog-hash") ?? "").split(",").map((one) => one.trim());
  return told.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}

function pick(headers: AnswerHeaders, names: readonly string[]): Record<string, string> {
  const found = names.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}

/** The headers that give an object its metadata and its tags. */
export function metadataHeaders(metadata: ObjectMetadata | undefined): Record<string, string> {
  if (metadata === undefined) return {};
  const own = Object.entries(metadata.user).map(([name, value]) => [userPrefix + name, value]);
  return { ...metadata.headers, ...Object.fromEntries(own), ...tagHeader(metadata.tags) };
}

/** The header that puts an object into a class. */
export function classHeader({ storageClass }: NewObjectOptions): Record<string, string> {
  return storageClass === undefined ? {} : { "x-amz-storage-class": storageClass };
}

/** The headers that make a request fail when something else is there than is thought. */
export function termHeaders({ replaces }: WriteTerms): Record<string, string> {
  if (replaces === undefined) return {};
  return replaces === null ? { "if-none-match": "*" } : { "if-match": `"${replaces}"` };
}

/** The headers that name what is to be copied. */
export function copyHeaders({ bucket, key, etag }: CopySource): Record<string, string> {
  return {
    "x-amz-copy-source": `/${bucket.name}/${encodeKey(key)}`,
    ...(etag !== undefined && { "x-amz-copy-source-if-match": `"${etag}"` }),
  };
}

/** Returns what is known of an object; undefined when there is none. */
export async function headObject(
  requests: S3Requests,
  key: string,
  { signal, partNumber }: { readonly signal?: AbortSignal | undefined; readonly partNumber?: number } = {},
): Promise<ObjectFacts | undefined> {
  const query = partNumber === undefined ? {} : { partNumber: `${partNumber}` };
  return askHead(
    requests,
    { key, query, headers: { "x-amz-checksum-mode": "ENABLED" } },
    async (response) => {
      if (response.status === 404) return undefined;
      if (response.status >= 300) throw await refused(response);
      return factsOf(response, lengthIn(response));
    },
    { signal },
  );
}

/** Reads an object, or a part of it; undefined when there is none. */
export async function readObject(
  requests: S3Requests,
  key: string,
  { range, ifMark, mostBytes = s3PartLimits.mostPartBytes, signal }: ReadTerms,
): Promise<ReadContent | undefined> {
  // Of an object without content there is no range.
  const isPart = range !== undefined && range.length > 0;
  const headers = {
    ...(isPart && { range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
    ...(ifMark !== undefined && { "if-match": `"${ifMark}"` }),
  };
  return requests.send(
    { method: "GET", key, headers },
    async (response) => {
      if (response.status === 404) return absent(response);
      if (!hasContent(response, isPart)) throw await refused(response);
      const bytes = await bodyOf(response, isPart ? range.length : mostBytes);
      const total = isPart ? totalIn(response, range, bytes.length) : bytes.length;
      return { bytes, facts: factsOf(response, total) };
    },
    { signal, contentBytes: range?.length ?? 0 },
  );
}

/** Writes an object, and returns its mark. */
export async function writeObject(
  requests: S3Requests,
  key: string,
  bytes: Bytes,
  terms: WriteTerms,
): Promise<string> {
  const headers = { ...metadataHeaders(terms.metadata), ...classHeader(terms), ...termHeaders(terms) };
  return requests.send(
    { method: "PUT", key, body: bytes, headers },
    async (response) => {
      await accepted(response);
      return etagOf(response.headers.get("etag")) ?? "";
    },
    { signal: terms.signal },
  );
}

/** Has the server copy an object, and returns its mark; undefined when there is none. */
export async function copyObject(
  requests: S3Requests,
  from: CopySource,
  key: string,
  terms: WriteTerms,
): Promise<string | undefined> {
  const headers = {
    ...copyHeaders(from),
    ...classHeader(terms),
    ...(terms.metadata && { ...metadataHeaders(terms.metadata), "x-amz-metadata-directive": "REPLACE" }),
    ...(terms.metadata?.tags && { "x-amz-tagging-directive": "REPLACE" }),
    // Only the server's newest versions take terms about what is replaced; older ones ignore them.
    ...(terms.replaces === null && termHeaders(terms)),
  };
  return requests.send(
    { method: "PUT", key, headers },
    async (response) => {
      if (response.status === 404) return absent(response);
      return copiedEtag(response);
    },
    { signal: terms.signal, contentBytes: copyPatienceBytes },
  );
}

/** The server moves content itself meanwhile, and is given time as if so much came. */
export const copyPatienceBytes = 33_554_432;

/** The ETag of what a server copied; it may find only then that it cannot. */
export async function copiedEtag(response: Answer): Promise<string> {
  if (response.status !== 200) throw await refused(response);
  const xml = await textOf(response, s3Limits.s3ErrorBytes);
  const etag = etagOf(textIn(xml, "ETag"));
  if (textIn(xml, "Code") !== undefined || etag === undefined) throw failedBy(response, xml, "no ETag");
  return etag;
}
