import { bindNative, type Koffi } from "../tree/disk/calls/koffi.node.ts";
import { casyncFeatures as f } from "./features.ts";

/** What a file system knows of a file or directory beside what stat(2) tells. */
interface InodeFlags {
  /** Flags, by the bits of `casyncFeatures`. */
  readonly flags: bigint;
  /** The project whose quota it counts for; 0 for none. */
  readonly projectId: number;
}

const none: InodeFlags = { flags: 0n, projectId: 0 };

/** Numbers of ioctl(2). */
const FS_IOC_GETFLAGS = 0x8008_6601;
const FS_IOC_FSGETXATTR = 0x801c_581f;

/** The flags of chattr(1) by their bits in the system. */
const flagBits: readonly (readonly [bit: number, feature: bigint])[] = [
  [0x4, f.flagCompr],
  [0x8, f.flagSync],
  [0x10, f.flagImmutable],
  [0x20, f.flagAppend],
  [0x40, f.flagNodump],
  [0x80, f.flagNoatime],
  [0x400, f.flagNocomp],
  [0x1_0000, f.flagDirsync],
  [0x80_0000, f.flagNocow],
  [0x2000_0000, f.flagProjinherit],
];

/** Where the project stands in struct fsxattr, and how long that is. */
const projectOffset = 12;
const attributeBytes = 28;

let bound: { readonly read: ((fd: number) => InodeFlags) | undefined } | undefined;

/** Undefined where the system cannot be asked. */
export function findInodeFlags(): ((fd: number) => InodeFlags) | undefined {
  bound ??= { read: process.platform === "linux" ? bindNative(bindFlags) : undefined };
  return bound.read;
}

function bindFlags(koffi: Koffi): (fd: number) => InodeFlags {
  const ioctl = koffi.load(null).func("int ioctl(int fd, unsigned long request, void *argument)");
  const word = Buffer.alloc(8);
  const attributes = Buffer.alloc(attributeBytes);
  return (fd) => {
    // A file system that has no flags knows no projects.
    if (ioctl(fd, FS_IOC_GETFLAGS, word) !== 0) return none;
    const bits = word.readUInt32LE();
    const hasProject = ioctl(fd, FS_IOC_FSGETXATTR, attributes) === 0;
    return {
      flags: flagBits.reduce((all, [bit, feature]) => ((bits & bit) === 0 ? all : all | feature), 0n),
      projectId: hasProject ? attributes.readUInt32LE(projectOffset) : 0,
    };
  };
}
