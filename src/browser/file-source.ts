import { SpareCutters } from "../tree/spare-cutters.ts";
import type { Layout } from "../tree/entry/entry.ts";
import type { TreeSource } from "../tree/source.ts";
import { cutListed, readListed } from "./file-cut.ts";
import { type ListedFile, walkFiles } from "./file-walk.ts";
import { readRecord } from "./folder-record.ts";
import { findPicked, type Picked } from "./picked.ts";

/**
 * Sends files of a browser: those of an `<input>`, what was dropped (`readDropped`), handles, or
 * what is in one directory.
 *
 * Handles are walked while they are sent. A file that changed since it was listed ends with CHANGED
 * as far as the browser notices. A directory into which `opfsTarget` received is sent with the
 * times and modes that came with its files.
 *
 * @example `createSender({ connect, openSource: () => fileListSource(input.files) })`
 */
export function fileListSource(
  picked: Iterable<Picked> | FileSystemDirectoryHandle,
): TreeSource<ListedFile> & { readonly layout: Layout } {
  const cutters = new SpareCutters();
  return {
    takesAnyDigest: true,
    layout: "contents",
    async *entries(options) {
      options.signal?.throwIfAborted();
      const records = "kind" in picked ? await readRecord(picked) : new Map();
      yield* walkFiles(findPicked(picked), { ...options, records });
    },
    async *cut(files, spec, options) {
      const cutter = cutters.take(spec);
      try {
        yield* cutListed(files, cutter, options);
      } finally {
        cutters.give(cutter);
      }
    },
    async read(file, offset, size, { signal }) {
      signal?.throwIfAborted();
      return readListed(file, offset, size);
    },
    async close() {},
  };
}
