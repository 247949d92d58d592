import type { Answer } from "../bucket/answer.ts";
import { bodyOf, refusal } from "../bucket/requests.ts";
import { RequestWindow } from "../bucket/request-window.ts";
import { toHex } from "../bytes/hex.ts";
import type { ChunkId } from "../chunk/chunk.ts";
import { type ChunkDigest, sha256 } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { SyncError } from "../errors.ts";
import { Gate } from "../store/gate.ts";
import { notFound } from "../store/key.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { type ChunkCoding, compressedCoding } from "./chunk-coding.ts";
import { idOfPath } from "./chunk-name.ts";
import type { KeptChunks } from "./kept-chunks.ts";
import { jsonOf, ociLimits, type OciOptions, OciRepository } from "./oci-registry.ts";
import { maxStoredBytes, verifyStored } from "./stored-form.ts";

export interface OciChunksOptions extends OciOptions {
  /** The form in which chunks are kept; compressed unless given. */
  readonly coding?: ChunkCoding;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
  /** Requests under way at a time; as many as make answers come faster unless given. */
  readonly requestCount?: number;
}

/** Where a manifest says that the bytes of a chunk are. */
interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const artifactType = "application/vnd.desync.chunk.v1";
/** What a chunk has for the settings of an image: nothing. */
const emptyConfig = new TextEncoder().encode("{}");
const tagsOfPage = 1000;

/**
 * A store of desync in a repository of a container registry: an artifact for each chunk, tagged
 * with its id. When each was written is not known, and is said to be when the store is opened.
 *
 * @throws USAGE for what is no URL of oci+http: or oci+https:
 */
export function ociChunks(place: string, options: OciChunksOptions = {}): KeptChunks {
  const { coding = compressedCoding(), digest = sha512_256Digest } = options;
  const repository = new OciRepository(place, options);
  const window = new RequestWindow(options.requestCount);
  const gate = new Gate();
  const openedMs = Date.now();
  let hasConfig: Promise<void> | undefined;
  const tagOf = (id: ChunkId): string => toHex(id) + coding.suffix;

  /** The manifest of a chunk, as it lies there; undefined for what is none of a chunk. */
  async function findManifest(id: ChunkId, options?: AbortOptions) {
    return repository.ask(
      { at: `manifests/${tagOf(id)}`, init: { headers: { accept: manifestType } } },
      async (response) => {
        if (response.status === 404) return undefined;
        if (response.status !== 200) throw refusal(response);
        const bytes = await bodyOf(response, ociLimits.chunkManifestBytes);
        const blob = blobIn(bytes);
        return blob && { blob, digest: digestText(bytes) };
      },
      options,
    );
  }

  async function putBlob(bytes: Bytes, options?: AbortOptions): Promise<Blob> {
    const blob = blobOf(bytes);
    const upload = await repository.ask(
      { at: "blobs/uploads/", init: { method: "POST" } },
      async (response, url) => {
        const location = response.headers.get("location");
        if (response.status !== 202 || location === null) throw refusal(response);
        return new URL(location, url);
      },
      options,
    );
    upload.searchParams.set("digest", blob.digest);
    const headers = { "content-type": blob.mediaType };
    const init = { method: "PUT", headers, body: new Uint8Array(bytes) };
    await repository.ask({ at: upload, init }, created, { ...options, contentBytes: bytes.length });
    return blob;
  }

  async function put(id: ChunkId, stored: Bytes, options?: AbortOptions): Promise<void> {
    hasConfig ??= putBlob(emptyConfig, options).then(() => {});
    await hasConfig.catch((thrown) => {
      hasConfig = undefined;
      throw thrown;
    });
    const tag = tagOf(id);
    const body = manifestOf(tag, await putBlob(stored, options));
    const init = { method: "PUT", headers: { "content-type": manifestType }, body };
    await repository.ask({ at: `manifests/${tag}`, init }, created, options);
  }

  const store: KeptChunks = {
    async get(id, options) {
      gate.enter(options);
      const fetch = async (signal: AbortSignal) => {
        const ending = { ...options, signal };
        const found = await findManifest(id, ending);
        if (!found) throw notFound(id);
        const { digest: name, size } = found.blob;
        const take = async (response: Answer): Promise<Bytes> => {
          if (response.status === 404) throw notFound(id);
          if (response.status !== 200) throw refusal(response);
          return bodyOf(response, maxStoredBytes);
        };
        return repository.ask({ at: `blobs/${name}` }, take, { ...ending, contentBytes: size });
      };
      const stored = await window.run(fetch, options?.signal);
      return verifyStored(id, stored, coding, digest, `${place}:${tagOf(id)}`);
    },
    async has(id, options) {
      gate.enter(options);
      return (await findManifest(id, options)) !== undefined;
    },
    async put({ id, bytes }, options) {
      gate.enter(options);
      const write = async (signal: AbortSignal): Promise<void> => {
        const ending = { ...options, signal };
        if (!(await findManifest(id, ending))) await put(id, coding.encode(bytes), ending);
      };
      await window.run(write, options?.signal);
    },
    async delete(id, options) {
      gate.enter(options);
      const found = await findManifest(id, options);
      if (!found) return;
      const gone = async (response: Answer): Promise<void> => {
        if (response.status !== 202 && response.status !== 404) throw refusal(response);
      };
      await repository.ask({ at: `manifests/${found.digest}`, init: { method: "DELETE" } }, gone, options);
    },
    async *kept(options) {
      gate.enter(options);
      let page: URL | undefined = new URL(`tags/list?n=${tagsOfPage}`, repository.base);
      for (let pageCount = 1; page; pageCount++) {
        checkPageCount(pageCount);
        const { tags, next }: TagPage = await repository.ask({ at: page }, tagPageOf, options);
        for (const tag of tags) {
          const id = idOfPath(`${tag.slice(0, 4)}/${tag}`, coding.suffix);
          if (id !== undefined) yield { id, writtenMs: openedMs };
        }
        page = next;
      }
    },
    // A chunk has its tag when it is complete.
    sweep: async () => 0,
    async close() {
      gate.close();
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}

async function created(response: Answer): Promise<void> {
  if (response.status !== 201 && response.status !== 204) throw refusal(response);
}

function digestText(bytes: Bytes): string {
  return `sha256:${toHex(sha256(bytes))}`;
}

function blobOf(bytes: Bytes): Blob {
  return { mediaType: "application/octet-stream", digest: digestText(bytes), size: bytes.length };
}

function manifestOf(tag: string, blob: Blob): Uint8Array<ArrayBuffer> {
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType,
    config: { ...blobOf(emptyConfig), mediaType: "application/vnd.oci.empty.v1+json" },
    layers: [blob],
    annotations: { "org.opencontainers.image.title": tag },
  };
  return new TextEncoder().encode(JSON.stringify(manifest));
}

/** The blob of a chunk; undefined for a manifest of something else. @throws CORRUPT */
function blobIn(bytes: Bytes): Blob | undefined {
  let manifest: { readonly artifactType?: unknown; readonly layers?: unknown } | null;
  try {
    manifest = JSON.parse(new TextDecoder().decode(bytes)) as typeof manifest;
  } catch {
    return undefined;
  }
  if (manifest?.artifactType !== artifactType) return undefined;
  const [blob, ...more] = Array.isArray(manifest.layers) ? (manifest.layers as Partial<Blob>[]) : [];
  const size = blob?.size ?? -1;
  const isRight =
    more.length === 0 &&
    /^sha256:[0-9a-f]{64}$/.test(String(blob?.digest)) &&
    Number.isSafeInteger(size) &&
    size >= 0 &&
    size <= maxStoredBytes;
  if (isRight) return blob as Blob;
  throw new SyncError("CORRUPT", "the manifest of a chunk in the registry is illegal");
}

interface TagPage {
  readonly tags: readonly string[];
  readonly next: URL | undefined;
}

/** A registry may say for ever that there are more. @throws LIMIT */
function checkPageCount(actual: number): void {
  const limit = ociLimits.tagPageCount;
  if (actual <= limit) return;
  throw new SyncError("LIMIT", "the registry has too many pages of tags", { detail: { limit, actual } });
}

/** Tags, and where more of them are. @throws UPSTREAM */
async function tagPageOf(response: Answer, url: string): Promise<TagPage> {
  if (response.status === 404) return { tags: [], next: undefined }; // nothing was written yet
  if (response.status !== 200) throw refusal(response);
  const link = /<([^>]*)>\s*;\s*rel="?next"?/i.exec(response.headers.get("link") ?? "")?.[1];
  const { tags } = ((await jsonOf(response)) ?? {}) as { tags?: unknown };
  const names = Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
  const next = link === undefined ? undefined : new URL(link, url);
  if (next !== undefined && (next.href === url || names.length === 0))
    return { tags: names, next: undefined };
  return { tags: names, next };
}
