import { SyncError } from "../../errors.ts";
import type { AbortOptions } from "../../types.ts";
import type { KeyRange, ListedObject, ObjectVersion } from "../object-bucket.ts";
import { listedFields, listedOf, versionOf } from "./json-facts.ts";
import { answerOf, googleLimits, type GoogleRequests } from "./json-requests.ts";

type Resource = Readonly<Record<string, unknown>>;

/** The pages of a listing, as the server sends them. @throws UPSTREAM for what is no listing */
export async function* listPages(
  requests: GoogleRequests,
  { prefix, after, pageLength }: KeyRange,
  options?: AbortOptions,
): AsyncGenerator<readonly ListedObject[]> {
  const query = {
    prefix,
    ...(after !== undefined && { startOffset: after }),
    // The key that a listing begins behind is on its first page.
    ...(pageLength !== undefined && { maxResults: `${pageLength + 1}` }),
  };
  for await (const items of pagesOf(requests, query, options))
    yield items.map(listedOf).filter(({ key }) => key !== after);
}

/** The pages of a listing of all versions. @throws UPSTREAM */
export async function* listVersions(
  requests: GoogleRequests,
  prefix: string,
  options?: AbortOptions,
): AsyncGenerator<readonly ObjectVersion[]> {
  for await (const items of pagesOf(requests, { prefix, versions: "true" }, options))
    yield items.map(versionOf);
}

async function* pagesOf(
  requests: GoogleRequests,
  query: Readonly<Record<string, string>>,
  options: AbortOptions | undefined,
): AsyncGenerator<readonly Resource[]> {
  const asked = { ...query, fields: `nextPageToken,items(${listedFields})` };
  for (let token: string | undefined = "", last = token; token !== undefined; last = token) {
    const page: Resource = await requests.send(
      { method: "GET", behind: "/o", query: { ...asked, ...(token !== "" && { pageToken: token }) } },
      async (response) => answerOf(response, googleLimits.googleListBytes),
      options,
    );
    const { items = [], nextPageToken } = page;
    const isListing =
      Array.isArray(items) && items.every((item) => typeof item === "object" && item !== null);
    if (!isListing || (nextPageToken !== undefined && typeof nextPageToken !== "string")) throw noListing();
    yield items as readonly Resource[];
    if (nextPageToken === undefined) return;
    if (nextPageToken === last || nextPageToken === token) throw noListing();
    token = nextPageToken;
  }
}

function noListing(): SyncError {
  return new SyncError("UPSTREAM", "the server answers no listing");
}
