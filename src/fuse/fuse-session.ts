import { concatBytes, equalBytes } from "../bytes/compare.ts";
import { isSyncError, SyncError, toSyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { type Errno, errnos, fuseVersion, initFlags as flags, openFlags } from "./fuse-numbers.ts";
import {
  DirentWriter,
  encodeAttributes,
  encodeEntry,
  encodeInit,
  encodeOpen,
  encodeReplyHeader,
  encodeStatistics,
  encodeXattrSize,
} from "./fuse-replies.ts";
import { decodeRequest, type FuseRequest, uniqueOf } from "./fuse-requests.ts";
import type { FuseTree } from "./fuse-tree.ts";

/** Where requests of a kernel come from and answers go to. */
export interface FuseLine {
  /**
   * Calls for each request, one after another, until there are no more. The bytes may be written
   * over when the call returns.
   */
  listen(take: (message: Bytes) => void): Promise<void>;
  /** Sends an answer, whose parts are one message. Throws when it is not sent. */
  send(parts: readonly Bytes[]): void;
}

export interface FuseSessionOptions {
  /** Called for what a request failed of; the kernel is told EIO alone. */
  readonly onTrouble?: (error: SyncError) => void;
  /** Bytes that the kernel may read ahead of who reads; a MiB unless given. */
  readonly readAheadBytes?: number;
}

/** A read of as many pages is asked for at a time, where the kernel can. */
const maxPageCount = 256;

const wantedFlags =
  flags.asyncRead |
  flags.readdirPlus |
  flags.readdirPlusAuto |
  flags.parallelDirOps |
  flags.cacheSymlinks |
  flags.maxPages |
  flags.noOpen |
  flags.noOpenDir;

/** What ends a request with an error number. */
class Refusal extends Error {
  readonly errno: Errno;

  constructor(errno: Errno) {
    super(errno);
    this.errno = errno;
  }
}

/** Resolves when the file system is unmounted, having answered what the kernel asked. */
export async function serveFuse(
  line: FuseLine,
  tree: FuseTree,
  options: FuseSessionOptions = {},
): Promise<void> {
  const session = new FuseSession(line, tree, options);
  await line.listen((message) => session.take(message));
}

const dots = [".", ".."].map((text) => new TextEncoder().encode(text));

class FuseSession {
  readonly #line: FuseLine;
  readonly #tree: FuseTree;
  readonly #options: FuseSessionOptions;
  /** Requests that are not answered yet. */
  readonly #open = new Set<number>();
  #agreed = 0;

  constructor(line: FuseLine, tree: FuseTree, options: FuseSessionOptions) {
    this.#line = line;
    this.#tree = tree;
    this.#options = options;
  }

  take(message: Bytes): void {
    let request: FuseRequest;
    try {
      request = decodeRequest(message);
    } catch (thrown) {
      this.#options.onTrouble?.(toSyncError(thrown));
      const unique = uniqueOf(message);
      if (unique !== undefined) this.#line.send([encodeReplyHeader(unique, 0, errnos.EINVAL)]);
      return;
    }
    if (request.ask === "forget" || request.ask === "batchForget") return; // nodes stay as they are
    if (request.ask === "interrupt") return this.#interrupt(request.interrupted);
    this.#open.add(request.unique);
    void this.#answer(request);
  }

  /** Who asked no longer waits; what was fetched for it may be of use yet. */
  #interrupt(unique: number): void {
    this.#reply(unique, [], errnos.EINTR);
  }

  async #answer(request: FuseRequest): Promise<void> {
    try {
      this.#reply(request.unique, await this.#find(request));
    } catch (thrown) {
      if (thrown instanceof Refusal) return this.#reply(request.unique, [], errnos[thrown.errno]);
      this.#options.onTrouble?.(toSyncError(thrown));
      this.#reply(request.unique, [], isSyncError(thrown, "USAGE") ? errnos.EINVAL : errnos.EIO);
    }
    if (request.ask === "read") this.#tree.readAhead(request.node, request.offset, request.size);
  }

  #reply(unique: number, parts: readonly Bytes[], errno = 0): void {
    if (!this.#open.has(unique)) return;
    const bodyBytes = parts.reduce((sum, { length }) => sum + length, 0);
    this.#line.send([encodeReplyHeader(unique, bodyBytes, errno), ...parts]);
    this.#open.delete(unique);
  }

  async #find(request: FuseRequest): Promise<readonly Bytes[]> {
    const { node } = request;
    const tree = this.#tree;
    switch (request.ask) {
      case "init":
        return [this.#agree(request)];
      case "lookup": {
        const found = await tree.lookup(node, request.name);
        if (found === undefined) throw new Refusal("ENOENT");
        return [encodeEntry(found)];
      }
      case "getattr":
        return [encodeAttributes(await tree.attributes(node))];
      case "readlink":
        return [await tree.target(node)];
      case "read":
        return tree.read(node, request.offset, request.size);
      case "readdir":
      case "readdirplus":
        return [await this.#list(node, request)];
      case "open":
        return this.#opened(flags.noOpen, openFlags.keepCache);
      case "opendir":
        return this.#opened(flags.noOpenDir, openFlags.keepCache | openFlags.cacheDir);
      case "getxattr":
      case "listxattr":
        return [await this.#xattr(node, request)];
      case "statfs":
        return [encodeStatistics(tree.statistics)];
      case "release":
      case "releasedir":
      case "destroy":
        return [];
      default:
        // The kernel does without, and does not ask again; permissions it looks at itself.
        throw new Refusal("ENOSYS");
    }
  }

  #agree({ major, readAheadBytes, flags: offered }: FuseRequest & { readonly ask: "init" }): Bytes {
    if (major !== fuseVersion.major) throw new Refusal("EINVAL");
    const wanted = this.#tree.hasAcls ? wantedFlags | flags.posixAcl : wantedFlags;
    this.#agreed = (offered & wanted) >>> 0;
    const most = this.#options.readAheadBytes ?? 1_048_576;
    return encodeInit({
      readAheadBytes: Math.min(readAheadBytes, most),
      flags: this.#agreed,
      maxPageCount,
    });
  }

  /** There are no handles: a kernel that can do without does not ask again. */
  #opened(without: number, how: number): readonly Bytes[] {
    if ((this.#agreed & without) !== 0) throw new Refusal("ENOSYS");
    return [encodeOpen(how)];
  }

  /** Places count from 1, with `.` and `..` in front of what the directory has. */
  async #list(
    node: number,
    { ask, offset, size }: { readonly ask: string; readonly offset: number; readonly size: number },
  ): Promise<Bytes> {
    const writer = new DirentWriter(Math.min(size, maxPageCount * 4096), ask === "readdirplus");
    let next = offset;
    if (next < dots.length) {
      const attributes = await this.#tree.attributes(node);
      for (const name of dots.slice(next)) writer.add({ name, attributes, next: ++next, isDots: true });
    }
    for await (const { name, attributes } of this.#tree.members(node, next - dots.length))
      if (!writer.add({ name, attributes, next: ++next })) break;
    return writer.finish();
  }

  async #xattr(
    node: number,
    request: FuseRequest & { readonly ask: "getxattr" | "listxattr" },
  ): Promise<Bytes> {
    if (!this.#tree.hasXattrs) throw new Refusal("ENOSYS");
    const all = await this.#tree.xattrs(node);
    let value: Bytes | undefined;
    if (request.ask === "getxattr") value = all.find(({ name }) => equalBytes(name, request.name))?.value;
    else value = concatBytes(all.flatMap(({ name }) => [name, new Uint8Array(1)]));
    if (value === undefined) throw new Refusal("ENODATA");
    if (request.size === 0) return encodeXattrSize(value.length);
    if (request.size < value.length) throw new Refusal("ERANGE");
    return value;
  }
}
