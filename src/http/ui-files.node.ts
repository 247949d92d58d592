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

/** The pages that a server has. */
export type Pages = "files" | "jobs" | "both";

/**
 * Takes in the page. It holds nothing but program: whoever may load it may do nothing yet. Where
 * there are both, that of files is at the top, and each has a link to the other.
 *
 * @throws NOT_FOUND when it was not built
 */
export function readUiFiles(pages: Pages): UiFiles {
  const folder = places
    .map((place) => new URL(place, import.meta.url))
    .find((url) => existsSync(new URL("page.js", url)));
  if (!folder) throw new SyncError("NOT_FOUND", "this package was built without its page");
  const home = pages === "jobs" ? "jobs.html" : "index.html";
  const files = new Map(
    Object.keys(typeOfFile).map((name) => {
      const content = readFileSync(new URL(name, folder));
      return [name, pages === "both" && name.endsWith(".html") ? linked(content) : content] as const;
    }),
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

/** A page with its link to the other one, which is hidden where there is none. */
function linked(page: Buffer): Buffer {
  return Buffer.from(page.toString().replace(/(<a class="other" [^>]*) hidden>/, "$1>"));
}
