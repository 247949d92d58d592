import { concatBytes } from "../../bytes/compare.ts";
import { SyncError } from "../../errors.ts";
import type { AbortOptions, Bytes } from "../../types.ts";
import type { CopySource, ObjectFacts, ReadContent, ReadTerms, WriteTerms } from "../object-bucket.ts";
import { changedMeanwhile } from "../changed-meanwhile.ts";
import { bodyOf } from "../requests.ts";
import { copyPatienceBytes, s3PartLimits } from "../s3-objects.ts";
import { hasContent, totalIn } from "../told-content.ts";
import { factsOf, metadataFields } from "./json-facts.ts";
import { absent, answerOf, encodeName, type GoogleRequests, refused } from "./json-requests.ts";

/** Returns what is known of an object; undefined when there is none. */
export async function headObject(
  requests: GoogleRequests,
  key: string,
  options?: AbortOptions,
): Promise<ObjectFacts | undefined> {
  return requests.send(
    { method: "GET", key },
    async (response) => (response.status === 404 ? absent(response) : factsOf(await answerOf(response))),
    options,
  );
}

/**
 * Reads an object, or a part of it; undefined when there is none. Content does not tell all that is
 * known of an object: who does not say which one is meant gets that asked for first.
 */
export async function readObject(
  requests: GoogleRequests,
  key: string,
  { range, ifMark, mostBytes = s3PartLimits.mostPartBytes, signal }: ReadTerms,
): Promise<ReadContent | undefined> {
  const facts = await headObject(requests, key, signal && { signal });
  if (facts === undefined) return undefined;
  if (ifMark !== undefined && facts.mark !== ifMark) throw changedMeanwhile();
  const { offset, length } = range ?? { offset: 0, length: facts.sizeBytes };
  const wanted = Math.min(length, Math.max(0, facts.sizeBytes - offset));
  if (wanted > mostBytes)
    throw new SyncError("LIMIT", "the object is too long", { detail: { limit: mostBytes } });
  if (wanted === 0) return { bytes: new Uint8Array(0), facts };
  const isPart = wanted < facts.sizeBytes;
  return requests.send(
    {
      method: "GET",
      key,
      query: { alt: "media", generation: facts.mark },
      // What is kept compressed is taken as it is kept.
      headers: {
        "accept-encoding": "gzip",
        ...(isPart && { range: `bytes=${offset}-${offset + wanted - 1}` }),
      },
    },
    async (response) => {
      if (response.status === 404) throw changedMeanwhile();
      if (!hasContent(response, isPart)) throw await refused(response);
      const bytes = await bodyOf(response, wanted);
      if (isPart) totalIn(response, { offset, length: wanted }, bytes.length);
      if (bytes.length < wanted) throw new SyncError("TRUNCATED", "the server ended before its answer did");
      return { bytes, facts };
    },
    { signal, contentBytes: wanted },
  );
}

/** Writes an object, and returns its mark. @param md5 of the content in base 64 */
export async function writeObject(
  requests: GoogleRequests,
  key: string,
  bytes: Bytes,
  terms: WriteTerms,
  md5: string,
): Promise<string> {
  const resource = { ...fieldsOf(terms), name: key, md5Hash: md5 };
  const boundary = crypto.randomUUID();
  const type = terms.metadata?.headers["content-type"] ?? "application/octet-stream";
  const [before, after] = [
    `--${boundary}\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(resource)}\r\n--${boundary}\r\ncontent-type: ${type}\r\n\r\n`,
    `\r\n--${boundary}--\r\n`,
  ].map((text) => new TextEncoder().encode(text)) as [Bytes, Bytes];
  return requests.send(
    {
      method: "POST",
      makes: key,
      behind: "/o",
      isUpload: true,
      query: { uploadType: "multipart", ...termsQuery(terms) },
      headers: { "content-type": `multipart/related; boundary=${boundary}` },
      body: concatBytes([before, bytes, after]),
    },
    async (response) => factsOf(await answerOf(response)).mark,
    { signal: terms.signal },
  );
}

/** Has the server copy an object, of any length, and returns its mark; undefined for none. */
export async function copyObject(
  requests: GoogleRequests,
  { bucket, key: from, mark }: CopySource,
  key: string,
  terms: WriteTerms,
): Promise<string | undefined> {
  const source =
    terms.metadata || terms.storageClass === undefined ? undefined : await bucket.head(from, terms);
  // A class can be told with all metadata only.
  const metadata = terms.metadata ?? source?.metadata;
  const fields = fieldsOf({ ...terms, ...(metadata && { metadata }) });
  const body = new TextEncoder().encode(JSON.stringify(fields));
  const query = { ...termsQuery(terms), ...(mark !== undefined && { ifSourceGenerationMatch: mark }) };
  let [token, doneBytes]: [string | undefined, number] = [undefined, -1];
  for (;;) {
    const answer: Readonly<Record<string, unknown>> | undefined = await requests.send(
      {
        method: "POST",
        bucket: bucket.name,
        key: from,
        behind: `/rewriteTo/b/${encodeURIComponent(requests.name)}/o/${encodeName(key)}`,
        query: { ...query, ...(token !== undefined && { rewriteToken: token }) },
        headers: { "content-type": "application/json" },
        body,
      },
      async (response) => (response.status === 404 ? absent(response) : answerOf(response)),
      { signal: terms.signal, contentBytes: copyPatienceBytes },
    );
    if (answer === undefined) return undefined;
    if (answer["done"] === true) return factsOf({ ...(answer["resource"] as object | undefined) }).mark;
    const reached: number = Number(answer["totalBytesRewritten"]);
    if (typeof answer["rewriteToken"] !== "string" || !(reached > doneBytes))
      throw new SyncError("UPSTREAM", "the server's copy does not go on");
    [token, doneBytes] = [answer["rewriteToken"], reached];
  }
}

/** Deletes an object, or one version of it; one that is not there is no failure. */
export async function deleteObject(
  requests: GoogleRequests,
  { key, id }: { readonly key: string; readonly id?: string },
  options?: AbortOptions,
): Promise<void> {
  const query = id === undefined ? {} : { generation: id };
  await requests.send(
    { method: "DELETE", key, query },
    async (response) => {
      if (response.status === 404) await absent(response);
      else if (response.status >= 300) throw await refused(response);
    },
    options,
  );
}

/** What makes a request fail when something else is there than is thought. */
function termsQuery({ replaces }: WriteTerms): Record<string, string> {
  return replaces === undefined ? {} : { ifGenerationMatch: replaces ?? "0" };
}

function fieldsOf({ metadata, storageClass }: WriteTerms): Readonly<Record<string, unknown>> {
  return { ...(metadata && metadataFields(metadata)), ...(storageClass !== undefined && { storageClass }) };
}
