import type { Answer } from "../answer.ts";
import { SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { changedMeanwhile } from "../changed-meanwhile.ts";
import { isMissingBucket, missingBucket, tellBucket } from "../missing-bucket.ts";
import { asking, type AskOptions, bodyOf, refusal, type RequestOptions, wordsOf } from "../requests.ts";
import { textOf } from "../told-content.ts";

/** What is read of answers. */
export const googleLimits = Object.freeze({
  /** Bytes of a page of a listing, which has a thousand objects. */
  googleListBytes: 33_554_432,
  /** Bytes of what is said about one object, or a failure. */
  googleAnswerBytes: 262_144,
  /** Objects that are deleted at a time, each by a request. */
  googleDeletionCount: 32,
});

/** A request of the JSON interface, about the bucket unless told otherwise. */
export interface GoogleRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** The object that it is about. */
  readonly key?: string;
  /** The object that it makes, which is not in its path. */
  readonly makes?: string;
  /** Another bucket that it is about. */
  readonly bucket?: string;
  /** True when it is about no bucket yet. */
  readonly isOfAll?: boolean;
  /** What stands in the path behind the bucket, or the key. */
  readonly behind?: string;
  /** True for what brings content, which has a path of its own. */
  readonly isUpload?: boolean;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Bytes;
}

/** Makes requests about one bucket of Google. */
export interface GoogleRequests {
  readonly name: string;
  readonly origin: string;
  /** Sends a request, and takes what is answered, be it good or bad. */
  send<Result>(
    request: GoogleRequest,
    take: (response: Answer) => Promise<Result>,
    options?: AskOptions,
  ): Promise<Result>;
}

/** Returns what asks about a bucket. @param options with a `fetch` that shows who asks */
export function googleRequests(origin: string, name: string, options: RequestOptions): GoogleRequests {
  const ask = asking(options);
  const bucketUrl = `${origin}/storage/v1/b/${encodeURIComponent(name)}`;

  function urlOf(request: GoogleRequest): string {
    const { key, bucket = name, isOfAll = false, behind = "", isUpload = false, query = {} } = request;
    const object = key === undefined ? "" : `/o/${encodeName(key)}`;
    const path = `/storage/v1/b${isOfAll ? "" : `/${encodeURIComponent(bucket)}${object}`}${behind}`;
    const asked = new URLSearchParams(query).toString();
    return `${origin}${isUpload ? "/upload" : ""}${path}${asked === "" ? "" : `?${asked}`}`;
  }

  return {
    name,
    origin,
    async send(request, take, options) {
      const { method, headers = {}, body } = request;
      const init = {
        method,
        headers,
        redirect: "manual",
        ...(body && { body: new Uint8Array(body) }),
      } as const;
      const contentBytes = (body?.length ?? 0) + (options?.contentBytes ?? 0);
      try {
        return await ask(async () => ({ url: urlOf(request), init }), take, { ...options, contentBytes });
      } catch (thrown) {
        throw tellBucket(thrown, bucketUrl, request.key ?? request.makes);
      }
    },
  };
}

/** A key as one step of a path. @throws PATH where it would be another one */
export function encodeName(key: string): string {
  if (key === "." || key === "..")
    throw new SyncError("PATH", "no URL can name an object with this key", { detail: { path: key } });
  return encodeURIComponent(key);
}

/** What a good answer has. @throws what `refused` returns for others; UPSTREAM for no JSON */
export async function answerOf(
  response: Answer,
  limit: number = googleLimits.googleAnswerBytes,
): Promise<Readonly<Record<string, unknown>>> {
  if (response.status >= 300) throw await refused(response);
  const text = await textOf(response, limit);
  try {
    return { ...(JSON.parse(text) as object) };
  } catch (thrown) {
    throw new SyncError("UPSTREAM", "the server answers no JSON", { cause: thrown });
  }
}

/** What an answer means that nothing is there. @throws NOT_FOUND when that is the bucket */
export async function absent(response: Answer): Promise<undefined> {
  const error = await refused(response);
  if (isMissingBucket(error)) throw error;
  return undefined;
}

/** The error for an answer that says no, with what it says. */
export async function refused(response: Answer): Promise<SyncError> {
  const text = new TextDecoder().decode(await bodyOf(response, googleLimits.googleAnswerBytes));
  const message = partIn(text, "message") ?? text;
  const id = response.headers.get("x-guploader-uploadid") ?? undefined;
  const { words, detail } = wordsOf(partIn(text, "reason"), message, id);
  if (response.status === 404 && /bucket does not exist/i.test(message)) return missingBucket(detail);
  if (response.status === 412 || response.status === 304) return changedMeanwhile();
  const error = refusal(response);
  const isLimited = /^(?:userR|r)ateLimitExceeded$/.test(detail.reason ?? "");
  return new SyncError(isLimited ? "UPSTREAM" : error.code, error.message + words, {
    detail: { ...error.detail, ...detail },
  });
}

/** A text in what may be JSON that was cut off. */
function partIn(text: string, name: string): string | undefined {
  const written = new RegExp(`"${name}":\\s*"((?:[^"\\\\]|\\\\.){0,300})`).exec(text)?.[1];
  return written?.replaceAll(/\\(["\\/])/g, "$1");
}
