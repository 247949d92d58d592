import type { AbortOptions } from "../types.ts";
import { absent, failedBy, refused } from "./s3-refusal.ts";
import { type S3Requests, s3Limits } from "./s3-requests.ts";
import { textOf } from "./told-content.ts";
import { elementsIn, textIn } from "./xml-text.ts";

/** Tags of an object by their names. */
export type ObjectTags = Readonly<Record<string, string>>;

/** Returns the tags of an object; undefined when there is none. */
export async function readTags(
  requests: S3Requests,
  key: string,
  options?: AbortOptions,
): Promise<ObjectTags | undefined> {
  return requests.send(
    { method: "GET", key, query: { tagging: "" } },
    async (response) => {
      if (response.status === 404) return absent(response);
      if (response.status !== 200) throw await refused(response);
      const xml = await textOf(response, s3Limits.s3ErrorBytes);
      if (!xml.includes("<TagSet")) throw failedBy(response, xml, "no tags");
      const pairs = [...elementsIn(xml, "Tag")].map(({ inside }) => [
        textIn(inside, "Key") ?? "",
        textIn(inside, "Value") ?? "",
      ]);
      return Object.fromEntries(pairs) as ObjectTags;
    },
    options,
  );
}

/** The header that gives an object its tags. */
export function tagHeader(tags: ObjectTags | undefined): Record<string, string> {
  const pairs = Object.entries(tags ?? {}).map((pair) => pair.map(encodeURIComponent).join("="));
  return pairs.length === 0 ? {} : { "x-amz-tagging": pairs.join("&") };
}
