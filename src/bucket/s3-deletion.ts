import { md5 } from "@noble/hashes/legacy.js";
import type { AbortOptions } from "../types.ts";
import { type FailedDeletion, failuresOf } from "./failed-deletion.ts";
import { absent, accepted, failedBy, failureOfOne, refused } from "./s3-refusal.ts";
import { type S3Requests, s3Limits } from "./s3-requests.ts";
import { textOf } from "./told-content.ts";
import { elementsIn, encodeText, textIn } from "./xml-text.ts";

/** What is deleted: an object, or one version of it. */
export interface Doomed {
  readonly key: string;
  readonly id?: string;
}

/** Deletes objects, and returns those that stay. One that is not there is none of them. */
export async function deleteObjects(
  requests: S3Requests,
  doomed: readonly Doomed[],
  { deletesMany }: { readonly deletesMany: boolean },
  options?: AbortOptions,
): Promise<readonly FailedDeletion[]> {
  const failed: FailedDeletion[] = [];
  const together = deletesMany ? doomed.filter(({ key }) => !notInXml.test(key)) : [];
  const { s3DeletionCount: count } = s3Limits;
  for (let at = 0; at < together.length; at += count)
    failed.push(...(await deleteAtOnce(requests, together.slice(at, at + count), options)));
  for (const one of doomed)
    if (!deletesMany || notInXml.test(one.key)) {
      const deletion = deleteOne(requests, one, options);
      failed.push(...(await failuresOf(one.key, deletion, options?.signal)));
    }
  return failed;
}

/** Characters that no document of XML can have, not even by reference. */
// oxlint-disable-next-line no-control-regex
const notInXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Deletes one object; to delete one that is not there does nothing. */
export async function deleteOne(
  requests: S3Requests,
  { key, id }: Doomed,
  options?: AbortOptions,
): Promise<void> {
  await requests.send(
    { method: "DELETE", key, ...(id !== undefined && { query: { versionId: id } }) },
    async (response) => {
      if (response.status === 404) await absent(response);
      else await accepted(response);
    },
    options,
  );
}

async function deleteAtOnce(
  requests: S3Requests,
  doomed: readonly Doomed[],
  options: AbortOptions | undefined,
): Promise<readonly FailedDeletion[]> {
  const list = doomed.map(({ key, id }) => {
    const version = id === undefined ? "" : `<VersionId>${encodeText(id)}</VersionId>`;
    return `<Object><Key>${encodeText(key)}</Key>${version}</Object>`;
  });
  const body = new TextEncoder().encode(`<Delete><Quiet>true</Quiet>${list.join("")}</Delete>`);
  const digest = btoa(String.fromCharCode(...md5(body)));
  return requests.send(
    { method: "POST", query: { delete: "" }, body, headers: { "content-md5": digest } },
    async (response) => {
      if (response.status !== 200) throw await refused(response);
      const xml = await textOf(response, s3Limits.s3ListBytes);
      if (!xml.includes("<DeleteResult")) throw failedBy(response, xml, "no result");
      const keys = new Set(doomed.map(({ key }) => key));
      return [...elementsIn(xml, "Error")].flatMap(({ inside }) => {
        const key = textIn(inside, "Key");
        if (key === undefined || !keys.has(key)) throw failedBy(response, inside, "another key");
        const error = failureOfOne(response, inside);
        return error === undefined ? [] : [{ key, error }];
      });
    },
    options,
  );
}
