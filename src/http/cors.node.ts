import type { IncomingMessage, ServerResponse } from "node:http";
import { atHeader, endHeader } from "../transport/turns.ts";

/** Seconds that a browser may remember what it was told. */
const rememberedSeconds = 600;

/**
 * Tells a browser that a page of another origin may read the answer, and answers when it asks
 * beforehand (Fetch standard, CORS protocol). Tokens are asked for as ever: a browser sends none of
 * its own accord.
 *
 * @returns true when that was all it asked
 */
export function allowPage(request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return false;
  response.setHeader("Access-Control-Allow-Origin", origin);
  response.setHeader("Vary", "Origin");
  response.setHeader("Access-Control-Expose-Headers", `${atHeader}, ${endHeader}`);
  const asksBefore = request.headers["access-control-request-method"] !== undefined;
  if (request.method !== "OPTIONS" || !asksBefore) return false;
  response.writeHead(204, {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": `Authorization, Content-Type, ${endHeader}`,
    "Access-Control-Max-Age": rememberedSeconds,
  });
  response.end();
  return true;
}
