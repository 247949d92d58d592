import { SyncError } from "../errors.ts";
import type { AbortOptions } from "../types.ts";
import { etagOf } from "./etag.ts";
import { compareKeys } from "./key-order.ts";
import type { KeyRange, ListedObject, ObjectVersion } from "./object-bucket.ts";
import { refused } from "./s3-refusal.ts";
import { type S3Requests, s3Limits } from "./s3-requests.ts";
import { textOf } from "./told-content.ts";
import { elementsIn, textIn, textReader } from "./xml-text.ts";

/** One answer to a listing, and how to ask for the next one. */
interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: Readonly<Record<string, string>> | undefined;
}

/** The pages of a listing, as the server sends them. @throws UPSTREAM for what is no listing */
export function listPages(
  requests: S3Requests,
  { prefix, after, pageLength }: KeyRange,
  options?: AbortOptions,
): AsyncIterable<readonly ListedObject[]> {
  const query = {
    "list-type": "2",
    prefix,
    "encoding-type": "url",
    ...(after !== undefined && { "start-after": after }),
    ...(pageLength !== undefined && { "max-keys": `${pageLength}` }),
  };
  return pagesOf(requests, query, readPage, options);
}

/** The pages of a listing of all versions. @throws UPSTREAM */
export function listVersions(
  requests: S3Requests,
  prefix: string,
  options?: AbortOptions,
): AsyncIterable<readonly ObjectVersion[]> {
  return pagesOf(requests, { versions: "", prefix, "encoding-type": "url" }, readVersions, options);
}

async function* pagesOf<Item>(
  requests: S3Requests,
  query: Readonly<Record<string, string>>,
  read: (xml: string) => Page<Item>,
  options: AbortOptions | undefined,
): AsyncGenerator<readonly Item[]> {
  let next: Page<Item>["next"] = {};
  let emptyCount = 0;
  for (let last = ""; next !== undefined;) {
    const asked: Page<Item> = await askFor({ ...query, ...next });
    emptyCount = asked.items.length === 0 ? emptyCount + 1 : 0;
    if (emptyCount > s3Limits.s3EmptyPageCount) throw noListing();
    yield asked.items;
    next = asked.next;
    const said = JSON.stringify(next);
    if (said === last) throw noListing();
    last = said;
  }

  async function askFor(asked: Readonly<Record<string, string>>): Promise<Page<Item>> {
    return requests.send(
      { method: "GET", query: asked },
      async (response) => {
        if (response.status !== 200) throw await refused(response);
        return read(await textOf(response, s3Limits.s3ListBytes));
      },
      options,
    );
  }
}

function readPage(xml: string): Page<ListedObject> {
  if (!xml.includes("</ListBucketResult>")) throw noListing();
  const decode = decoderOf(xml);
  const items: ListedObject[] = [];
  for (const { inside } of elementsIn(xml, "Contents")) {
    const key = keyIn(inside);
    if (key === undefined) throw noListing();
    items.push(objectOf(decode(key), inside));
  }
  const token = textIn(xml, "NextContinuationToken");
  if (token === undefined && goesOn(xml)) throw noListing();
  return { items, next: token === undefined ? undefined : { "continuation-token": token } };
}

const keyIn = textReader("Key");
const etagIn = textReader("ETag");
const writtenIn = textReader("LastModified");
const sizeIn = textReader("Size");

function objectOf(key: string, inside: string): ListedObject {
  const etag = etagOf(etagIn(inside));
  const written = writtenIn(inside) ?? "";
  return {
    key,
    sizeBytes: /^\d+$/.test(sizeIn(inside) ?? "") ? Number(sizeIn(inside)) : NaN,
    writtenMs: Date.parse(written),
    mark: etag ?? written,
    ...(etag !== undefined && { etag }),
  };
}

function readVersions(xml: string): Page<ObjectVersion> {
  if (!xml.includes("</ListVersionsResult>")) throw noListing();
  const decode = decoderOf(xml);
  const items: ObjectVersion[] = [];
  for (const { name, inside } of elementsIn(xml, "Version", "DeleteMarker"))
    items.push({
      key: decode(textIn(inside, "Key") ?? ""),
      id: textIn(inside, "VersionId") ?? "null",
      isLatest: textIn(inside, "IsLatest") === "true",
      isDeletion: name === "DeleteMarker",
      writtenMs: Date.parse(textIn(inside, "LastModified") ?? ""),
    });
  // Some servers have what says that objects were deleted behind all versions of a page.
  items.sort((a, b) => compareKeys(a.key, b.key) || rankOf(a) - rankOf(b) || b.writtenMs - a.writtenMs);
  if (!goesOn(xml)) return { items, next: undefined };
  const key = textIn(xml, "NextKeyMarker");
  if (key === undefined) throw noListing();
  const version = textIn(xml, "NextVersionIdMarker");
  const next = { "key-marker": decode(key), ...(version && { "version-id-marker": version }) };
  return { items, next };
}

/** True for a page that is not the last. @throws UPSTREAM for one of which that is not known */
function goesOn(xml: string): boolean {
  if (!xml.includes("<IsTruncated")) return false;
  const said = textIn(xml, "IsTruncated");
  if (said !== "true" && said !== "false") throw noListing();
  return said === "true";
}

function rankOf({ isLatest }: ObjectVersion): number {
  return isLatest ? 0 : 1;
}

/**
 * Reads keys as they were written. A server that was asked to escape them says that it did; one
 * that does not know how has them as they are, and a `+` or a `%` in them is none of an escape.
 */
function decoderOf(xml: string): (text: string) => string {
  return textIn(xml, "EncodingType") === "url" ? decodeKey : (text) => text;
}

function decodeKey(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw noListing();
  }
}

function noListing(): SyncError {
  return new SyncError("UPSTREAM", "the server answers no listing");
}
