import { toHex } from "../../bytes/hex.ts";
import { SyncError } from "../../errors.ts";
import type { ListedObject, ObjectFacts, ObjectMetadata, ObjectVersion } from "../object-bucket.ts";
import { listingLimits } from "../ordered-pages.ts";

type Resource = Readonly<Record<string, unknown>>;

/** Fields of an object that are asked for in a listing. */
export const listedFields = "name,size,md5Hash,timeCreated,timeDeleted,generation";

/** What Google calls headers that are given back as they came. */
const headerFields = {
  contentType: "content-type",
  cacheControl: "cache-control",
  contentDisposition: "content-disposition",
  contentEncoding: "content-encoding",
  contentLanguage: "content-language",
} as const;

/** What is known of an object. Its mark is its generation, which terms of requests go by. */
export function factsOf(resource: Resource): ObjectFacts {
  const { sizeBytes, writtenMs, etag, mark } = listedOf(resource);
  const [md5, crc32c] = [md5Of(resource), resource["crc32c"]];
  return {
    sizeBytes,
    writtenMs,
    mark,
    ...(etag !== undefined && { etag }),
    ...(md5 !== undefined && { md5 }),
    checksums: typeof crc32c === "string" ? { crc32c } : {},
    metadata: metadataOf(resource),
  };
}

/**
 * What a listing has of an object. Its ETag is its MD5 as elsewhere; what was written in parts has
 * none, and the ETag says nothing of its content.
 *
 * @throws UPSTREAM
 */
export function listedOf(resource: Resource): ListedObject {
  const mark = textOf(resource, "generation");
  return {
    key: textOf(resource, "name"),
    sizeBytes: sizeOf(resource),
    writtenMs: timeOf(resource, "timeCreated"),
    etag: md5Of(resource) ?? `generation-${mark}`,
    mark,
  };
}

/** A version; one that is no longer read says since when. @throws UPSTREAM */
export function versionOf(resource: Resource): ObjectVersion {
  const goneMs = resource["timeDeleted"] === undefined ? undefined : timeOf(resource, "timeDeleted");
  return {
    key: textOf(resource, "name"),
    id: textOf(resource, "generation"),
    isLatest: goneMs === undefined,
    isDeletion: false,
    writtenMs: timeOf(resource, "timeCreated"),
    ...(goneMs !== undefined && { goneMs }),
  };
}

/** The fields that give an object its metadata. */
export function metadataFields({ headers, user }: ObjectMetadata): Resource {
  const own = Object.entries(headerFields).flatMap(([field, name]) =>
    headers[name] === undefined ? [] : [[field, headers[name]] as const],
  );
  return { ...Object.fromEntries(own), metadata: user };
}

function metadataOf(resource: Resource): ObjectMetadata {
  const headers = Object.entries(headerFields).flatMap(([field, name]) => {
    const value = resource[field];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  const user = Object.entries({ ...(resource["metadata"] as object | undefined) }).flatMap(([name, value]) =>
    typeof value === "string" ? [[name.toLowerCase(), value] as const] : [],
  );
  return { headers: Object.fromEntries(headers), user: Object.fromEntries(user) };
}

/** The MD5 in hex, which Google has in base 64. */
export function md5Of({ md5Hash }: Resource): string | undefined {
  if (typeof md5Hash !== "string" || !/^[A-Za-z0-9+/]{22}==$/.test(md5Hash)) return undefined;
  return toHex(Uint8Array.from(atob(md5Hash), (letter) => letter.charCodeAt(0)));
}

function sizeOf(resource: Resource): number {
  const size = textOf(resource, "size");
  if (/^\d{1,16}$/.test(size) && Number(size) <= listingLimits.objectBytes) return Number(size);
  throw noObject("has a size that is none");
}

function timeOf(resource: Resource, name: string): number {
  const ms = Date.parse(textOf(resource, name));
  if (Number.isNaN(ms)) throw noObject(`has no time in ${name}`);
  return ms;
}

function textOf(resource: Resource, name: string): string {
  const value = resource[name];
  if (typeof value === "string") return value;
  throw noObject(`lacks ${name}`);
}

function noObject(why: string): SyncError {
  return new SyncError("UPSTREAM", `the server answers no object: it ${why}`);
}
