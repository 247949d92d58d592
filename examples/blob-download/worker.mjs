// Downloads a blob out of a store of chunks: a service worker that answers ./download with the
// content, which it puts together while the browser writes it to a file. Nothing is held but a few
// chunks, and each is verified before any of it is given away. A bundler makes a script of this,
// which page.html registers; the index and the store may lie on any web server.
//
//     npx esbuild worker.mjs --bundle --format=esm --outfile=worker.js
import { httpChunks, readBlob, readIndex } from "rsync-stream/casync";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.href.startsWith(new URL("download?", self.location).href)) event.respondWith(download(url));
});

async function download({ searchParams }) {
  const [index, store] = ["index", "store"].map((name) => new URL(searchParams.get(name), self.location));
  const found = await fetch(index);
  if (!found.ok) return found;
  const content = readBlob(await readIndex(found.body), httpChunks(store.href));
  const name = index.pathname
    .split("/")
    .at(-1)
    .replace(/\.caibx$/, "");
  return new Response(streamOf(content), {
    headers: {
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename*=UTF-8''${name}`,
    },
  });
}

/** What an asynchronous iterator gives, as fast as it is taken. */
function streamOf(content) {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await content.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => content.return(),
  });
}
