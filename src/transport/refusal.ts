import { quoteText } from "../bytes/foreign-text.ts";
import { isErrorCode, SyncError, type SyncErrorCode } from "../errors.ts";
import type { Bytes } from "../types.ts";

/** Bytes of a refusal that are read; what is beyond is not looked at. */
export const maxRefusalBytes = 65_536;

const statusOfCode: Partial<Record<SyncErrorCode, number>> = {
  BAD_MESSAGE: 400,
  USAGE: 400,
  PATH: 400,
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  VANISHED: 404,
  CHANGED: 412,
  LIMIT: 503,
  LOCKED: 409,
  UNSUPPORTED: 501,
  NO_SPACE: 507,
  UPSTREAM: 502,
  PEER_GONE: 410,
};

/** What a server answers, as a status and a body, to a request that it does not carry out. */
interface Refusal {
  readonly status: number;
  /** JSON: `{"error":{"code":"NOT_FOUND","message":"..."}}` and a line feed. */
  readonly body: string;
}

/**
 * The refusal that stands for an error (docs/http.md). Only the code, the message and the field go
 * out: no path, no cause. What went wrong inside is told by its code alone.
 */
export function refusalOf({ code, message, detail: { field } }: SyncError): Refusal {
  const status = statusOfCode[code] ?? 500;
  const told = status === 500 ? "the server failed" : message;
  return { status, body: formatError(code, told, field) };
}

/** An error as a refusal tells it. */
export function formatError(code: SyncErrorCode, message: string, field?: string): string {
  return `${JSON.stringify({ error: { code, message, field } })}\n`;
}

/**
 * The error that a refusal stands for; of one that is not ours the status decides. It is marked as
 * remote.
 *
 * @param body its first bytes, at most `maxRefusalBytes`
 */
export function errorOfRefusal(status: number, body: Bytes): SyncError {
  const told = readError(body);
  const code = told?.code ?? codeOfStatus(status);
  const message = told?.message ?? describeForeign(status, body);
  const detail = told?.field === undefined ? {} : { field: told.field };
  return new SyncError(code, message, { remote: true, detail });
}

/** What somebody else's refusal says: a proxy, or a server of something else. */
function describeForeign(status: number, body: Bytes): string {
  const text = quoteText(body);
  return `the server answered with status ${status}${text === undefined ? "" : ` and ${text}`}`;
}

/** Statuses behind which the server, or a proxy before it, may be well again in a moment. */
const passing = new Set([408, 429, 502, 503, 504]);

/** True for a refusal by whoever is in between, behind which the server may be well. */
export function isPassingRefusal(status: number, body: Bytes): boolean {
  return passing.has(status) && readError(body) === undefined;
}

function codeOfStatus(status: number): SyncErrorCode {
  if (status === 401 || status === 403 || status === 407) return "UNAUTHORIZED";
  if (status === 404 || status === 410) return "NOT_FOUND";
  return passing.has(status) ? "PEER_GONE" : "UNSUPPORTED";
}

function readError(body: Bytes): { code: SyncErrorCode; message: string; field?: string } | undefined {
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
  const told = (found as { error?: Readonly<Record<string, unknown>> } | null)?.error ?? {};
  const { code, message, field } = told;
  if (!isErrorCode(code) || typeof message !== "string") return undefined;
  return {
    code,
    message: message.slice(0, 512),
    ...(typeof field === "string" && { field: field.slice(0, 100) }),
  };
}
