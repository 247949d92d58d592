import { createHash } from "node:crypto";
import type { Bytes } from "../types.ts";
import type { ObjectBucket } from "./object-bucket.ts";

/** Bytes that are read at a time to make a digest of a content. */
const readBytes = 8_388_608;

/** The MD5 of a content, in hex. */
export function md5Of(bytes: Bytes): string {
  return createHash("md5").update(bytes).digest("hex");
}

/** The ETag that S3 gives to an object written in these parts. @param md5s of the parts, in hex */
export function compositeEtag(md5s: readonly string[]): string {
  const all = Buffer.concat(md5s.map((md5) => Buffer.from(md5, "hex")));
  return `${md5Of(all)}-${md5s.length}`;
}

/**
 * The ETag that S3 would give to a content: the MD5 of it, or of the MD5s of parts of so many
 * bytes. Memory is bounded.
 *
 * @returns undefined when the object is not what it was
 */
export async function etagOfContent(
  bucket: ObjectBucket,
  key: string,
  {
    sizeBytes,
    mark,
    partBytes,
  }: { readonly sizeBytes: number; readonly mark: string; readonly partBytes?: number },
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const md5s: string[] = [];
  let hash = createHash("md5");
  let leftInPart = partBytes ?? Infinity;
  for (let offset = 0; offset < sizeBytes;) {
    const length = Math.min(readBytes, leftInPart, sizeBytes - offset);
    const found = await bucket.read(key, {
      range: { offset, length },
      ifMark: mark,
      ...(signal && { signal }),
    });
    if (found?.bytes.length !== length) return undefined;
    hash.update(found.bytes);
    offset += length;
    leftInPart -= length;
    if (leftInPart > 0 && offset < sizeBytes) continue;
    md5s.push(hash.digest("hex"));
    hash = createHash("md5");
    leftInPart = partBytes ?? Infinity;
  }
  if (partBytes !== undefined) return compositeEtag(md5s);
  return md5s[0] ?? hash.digest("hex");
}
