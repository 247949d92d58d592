import { existsSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { SyncError } from "../errors.ts";

/** The files of the page, and what they are. */
const typeOfFile: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "style.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
  "page.js": "text/javascript; charset=utf-8",
  "jobs.html": "text/html; charset=utf-8",
  "jobs.css": "text/css; charset=utf-8",
  "jobs.js": "text/javascript; charset=utf-8",
  "worker.js": "text/javascript; charset=utf-8",
};

/** Where they are seen from here: from the package, from its command, from its sources. */
const places = ["./ui/", "../ui/", "../../dist/ui/"];

/**
 * Only what came from here runs, nothing can frame it, and WebAssembly, which cutters use, is no
 * `eval`.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page by which people use a server in a browser. */
export interface UiFiles {
  /** Answers a request for the page or a part of it; false when it is about something else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
}

/**
 * Takes in the page. It holds nothing but program: whoever may load it may do nothing yet.
 *
 * @param home the page at the top
 * @throws NOT_FOUND when it was not built
 */
export function readUiFiles(home = "index.html"): UiFiles {
  const folder = places
    .map((place) => new URL(place, import.meta.url))
    .find((url) => existsSync(new URL("page.js", url)));
  if (!folder) throw new SyncError("NOT_FOUND", "this package was built without its page");
  const files = new Map(
    Object.keys(typeOfFile).map((name) => [name, readFileSync(new URL(name, folder))] as const),
  );
  return {
    answer({ method, url = "" }, response) {
      const name = url === "/" ? home : /^\/-\/ui\/([a-z.]+)$/.exec(url)?.[1];
      const content = name === undefined ? undefined : files.get(name);
      if (content === undefined || (method !== "GET" && method !== "HEAD")) return false;
      response.writeHead(200, {
        "Content-Type": typeOfFile[name!],
        "Content-Length": content.length,
        "Content-Security-Policy": policy,
        "Cache-Control": "no-cache",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
      });
      response.end(method === "HEAD" ? undefined : content);
      return true;
    },
  };
}
