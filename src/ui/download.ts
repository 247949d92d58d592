import { SyncError } from "../errors.ts";
import { errorOfRefusal } from "../transport/refusal.ts";
import { urlOf } from "./connect.ts";

/** A link lives so long after it was clicked: the browser needs a moment to begin. */
const linkMs = 60_000;

/**
 * Asks the server to look at a place, and returns its answer. @throws what the server refuses it
 * with
 */
export async function look(path: string, query: string, token: string): Promise<Response> {
  const headers = token === "" ? {} : { Authorization: `Bearer ${token}` };
  const asking = fetch(`${urlOf(path, document.baseURI)}?${query}`, { headers, redirect: "error" });
  const response = await asking.catch((cause: unknown) => {
    throw new SyncError("PEER_GONE", "the server does not answer", { cause });
  });
  if (response.ok) return response;
  throw errorOfRefusal(response.status, new Uint8Array(await response.arrayBuffer()));
}

/**
 * Saves a file of the server as it is. A link cannot show a token: where there is one, the browser
 * takes the file in first, and then gives it out.
 */
export async function download(path: string, token: string): Promise<void> {
  const name = path.split("/").at(-1)!;
  if (token === "") return follow(`${urlOf(path, document.baseURI)}?view=content`, name);
  offer(await (await look(path, "view=content", token)).blob(), name);
}

/** Gives content out as a download. */
export function offer(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  follow(url, name);
  setTimeout(() => URL.revokeObjectURL(url), linkMs);
}

function follow(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
