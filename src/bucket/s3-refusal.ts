import { isSyncError, SyncError, type SyncErrorCode } from "../errors.ts";
import type { Answer } from "./answer.ts";
import { changedMeanwhile } from "./changed-meanwhile.ts";
import { isMissingBucket, missingBucket } from "./missing-bucket.ts";
import { type AskOptions, bodyOf, refusal, type Said, wordsOf } from "./requests.ts";
import { type S3Request, type S3Requests, s3Limits } from "./s3-requests.ts";
import { textIn } from "./xml-text.ts";

/** What an answer means that nothing is there. @throws what `refused` returns for another thing */
export async function absent(response: Answer): Promise<undefined> {
  const xml = await xmlOf(response);
  if (!isAbsence(textIn(xml, "Code"))) throw errorFor(response, xml);
  return undefined;
}

/** The error for an answer that says no, with what it says. */
export async function refused(response: Answer): Promise<SyncError> {
  // The status says enough of what is too long to be read.
  const xml = await xmlOf(response).catch((thrown: unknown) => {
    if (!isSyncError(thrown, "LIMIT")) throw thrown;
    return "";
  });
  return errorFor(response, xml);
}

/** Takes an answer that has nothing to tell, or an error in the place of that. */
export async function accepted(response: Answer): Promise<void> {
  if (response.status >= 300) throw await refused(response);
  const xml = await xmlOf(response);
  if (textIn(xml, "Code") !== undefined) throw failedBy(response, xml, "an error");
}

/**
 * The error for an answer whose status promised success.
 *
 * @param lack what it lacks when it tells no failure
 */
export function failedBy(response: Answer, xml: string, lack: string): SyncError {
  return told("UPSTREAM", saidIn(response, xml), lack);
}

/**
 * Why one object of many is not deleted; undefined for one that is not there.
 *
 * @param xml what an answer about all of them says of this one
 */
export function failureOfOne(response: Answer, xml: string): SyncError | undefined {
  const reason = textIn(xml, "Code");
  if (reason !== undefined && isAbsence(reason)) return undefined;
  return told("IO", saidIn(response, xml), "no reason");
}

function told(code: SyncErrorCode, { words, detail }: Said, lack: string): SyncError {
  const said = detail.reason === undefined ? lack : words.slice(": ".length);
  return new SyncError(code, `the server answers ${said}`, { detail });
}

/** The servers that have answered a HEAD other than by "not there", or said why to a GET. */
const known = new WeakSet<S3Requests>();

/**
 * Makes a HEAD, and a GET of the same when that is refused: an answer to HEAD has no words to say
 * why in. So it does when the first thing that is asked for is not there: some servers say that to
 * who they do not know.
 */
export async function askHead<Result>(
  requests: S3Requests,
  request: Omit<S3Request, "method">,
  take: (response: Answer) => Promise<Result>,
  options?: AskOptions,
): Promise<Result> {
  let status: number | undefined;
  const note = async (response: Answer): Promise<Result> => {
    status = response.status;
    return take(response);
  };
  const result = await requests.send({ method: "HEAD", ...request }, note, options).catch(async (thrown) => {
    if (!isSyncError(thrown) || thrown.detail.status === undefined || isMissingBucket(thrown)) throw thrown;
    options?.signal?.throwIfAborted();
    await demandWords(requests, request, { ...options, isOnce: true });
    throw thrown;
  });
  if (status === 404 && !known.has(requests)) await demandWords(requests, request, options);
  known.add(requests);
  return result;
}

/** @throws what a GET is refused by, if it is not that nothing is there */
async function demandWords(
  requests: S3Requests,
  { key }: Omit<S3Request, "method">,
  options: AskOptions = {},
): Promise<void> {
  const few =
    key === undefined
      ? { query: { "list-type": "2", "max-keys": "1" } }
      : { key, headers: { range: "bytes=0-0" } };
  const take = async (response: Answer): Promise<void> => {
    if (response.status === 404) return absent(response);
    if (response.status >= 300) throw await refused(response);
  };
  await requests.send({ method: "GET", ...few }, take, options);
}

function errorFor(response: Answer, xml: string): SyncError {
  const { words, detail } = saidIn(response, xml);
  const { reason = "" } = detail;
  if (reason === "NoSuchBucket") return missingBucket(detail);
  if (response.status === 412) return changedMeanwhile();
  const error = refusal(response);
  return new SyncError(codeFor(error.code, reason), error.message + words, {
    detail: { ...error.detail, ...detail },
  });
}

function codeFor(code: SyncErrorCode, reason: string): SyncErrorCode {
  if (reason === "ExpiredToken" || (code === "IO" && passingReasons.has(reason))) return "UPSTREAM";
  return deniedReasons.has(reason) ? "UNAUTHORIZED" : code;
}

/** What may be right when it is asked again, whatever the status. */
const passingReasons = new Set([
  "BadDigest",
  "ConditionalRequestConflict",
  "InternalError",
  "OperationAborted",
  "RequestTimeout",
  "SlowDown",
]);

/** What is said of who asks, whatever the status: some servers say 404. */
const deniedReasons = new Set([
  "AccessDenied",
  "InvalidAccessKeyId",
  "InvalidToken",
  "SignatureDoesNotMatch",
  "XAdminUserNotFound",
]);

/** True where an object, a version, an upload or tags are not there. */
function isAbsence(reason: string | undefined): boolean {
  return reason === undefined || /^(?:NoSuch(?!Bucket$)\w+|(?:Key|Object|Resource)?NotFound)$/.test(reason);
}

/** What a server says, as words behind others and by its parts. */
function saidIn({ headers }: Answer, xml: string): Said {
  const reason = textIn(xml, "Code");
  const requestId = textIn(xml, "RequestId") ?? headers.get("x-amz-request-id") ?? undefined;
  return wordsOf(reason, textIn(xml, "Message"), requestId);
}

async function xmlOf(response: Answer): Promise<string> {
  return new TextDecoder().decode(await bodyOf(response, s3Limits.s3ErrorBytes));
}
