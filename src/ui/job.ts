import { type Picked } from "../browser/picked.ts";

/** What this tab is about, so that it goes on when the page is loaded again. */
export type Job =
  | { readonly kind: "pull"; readonly path: string; readonly save: boolean }
  | { readonly kind: "push"; readonly path: string; readonly what: string };

const jobKey = "rsync-stream.job";
const tokenKey = "rsync-stream.token";
const databaseName = "rsync-stream.handles";
const storeName = "handles";

/** The job that this tab has not finished. */
export function readJob(): Job | undefined {
  try {
    const job = JSON.parse(sessionStorage.getItem(jobKey) ?? "null") as Partial<Job> | null;
    const isKnown = job?.kind === "pull" || job?.kind === "push";
    return isKnown && typeof job.path === "string" ? (job as Job) : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers the job of this tab, or that it has none. */
export function noteJob(job: Job | undefined): void {
  if (job) sessionStorage.setItem(jobKey, JSON.stringify(job));
  else sessionStorage.removeItem(jobKey);
}

/** The token, which lives as long as the tab. */
export function readToken(): string {
  return sessionStorage.getItem(tokenKey) ?? "";
}

/** Remembers the token while the tab lives. */
export function noteToken(token: string): void {
  sessionStorage.setItem(tokenKey, token);
}

/** Remembers what is sent as far as the browser can: handles, but not the files of an input. */
export async function noteHandles(picked: readonly Picked[]): Promise<void> {
  const handles = picked[0] instanceof FileSystemHandle ? picked : [];
  await inStore("readwrite", (store) => store.put(handles, storeName));
}

/** What was remembered; empty when it has to be picked again. */
export async function readHandles(): Promise<readonly FileSystemHandle[]> {
  const found = await inStore("readonly", (store) => store.get(storeName));
  return Array.isArray(found) ? (found as FileSystemHandle[]) : [];
}

function inStore(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(databaseName, 1);
    opening.onupgradeneeded = () => void opening.result.createObjectStore(storeName);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const request = ask(opening.result.transaction(storeName, mode).objectStore(storeName));
      request.onerror = () => reject(request.error);
      request.onsuccess = () => resolve(request.result);
      opening.result.close(); // once the request is done
    };
  });
}
