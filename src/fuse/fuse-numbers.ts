/** The numbers of the FUSE protocol of Linux, as `linux/fuse.h` has them. */

/** What the kernel asks for. */
export const opcodes = Object.freeze({
  lookup: 1,
  forget: 2,
  getattr: 3,
  readlink: 5,
  open: 14,
  read: 15,
  statfs: 17,
  release: 18,
  getxattr: 22,
  listxattr: 23,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  access: 34,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  readdirplus: 44,
});

/** The version of the protocol that is spoken here: major is the same in all. */
export const fuseVersion = Object.freeze({ major: 7, minor: 31 });

/** What both sides of a session may be able to do: bits of INIT. */
export const initFlags = Object.freeze({
  asyncRead: 1 << 0,
  readdirPlus: 1 << 13,
  readdirPlusAuto: 1 << 14,
  noOpen: 1 << 17,
  parallelDirOps: 1 << 18,
  posixAcl: 1 << 20,
  maxPages: 1 << 22,
  cacheSymlinks: 1 << 23,
  noOpenDir: 1 << 24,
});

/** How an opened file is used: bits of the answer to OPEN and OPENDIR. */
export const openFlags = Object.freeze({ keepCache: 1 << 1, cacheDir: 1 << 3 });

/** Error numbers of Linux, as far as they are answered here. */
export const errnos = Object.freeze({
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EACCES: 13,
  ENOTDIR: 20,
  EINVAL: 22,
  EROFS: 30,
  ERANGE: 34,
  ENOSYS: 38,
  ENODATA: 61,
});

/** The name of one of them. */
export type Errno = keyof typeof errnos;

/** The node that a file system begins with. */
export const rootNode = 1;

/** Bytes of the parts of messages. */
export const fuseBytes = Object.freeze({
  requestHeader: 40,
  replyHeader: 16,
  attributes: 88,
  /** An answer of LOOKUP, and what an entry of READDIRPLUS begins with. */
  entry: 128,
  /** A name in an answer of READDIR is behind as many bytes. */
  dirent: 24,
  /** A request that is not for writing is never longer. */
  request: 8192,
});
