import type { ServerResponse } from "node:http";

/** Answers with text. */
export function text(response: ServerResponse, status: number, body: string): void {
  answer(response, status, "text/plain; charset=utf-8", body);
}

/** Answers with JSON. */
export function json(response: ServerResponse, value: unknown): void {
  answer(response, 200, "application/json", `${JSON.stringify(value)}\n`);
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    "Content-Type": type,
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}
