import { closingInTheEnd } from "../bytes/closing.ts";
import type { AbortOptions } from "../types.ts";
import { fuseDevice } from "./fuse-device.node.ts";
import { type FuseSessionOptions, serveFuse } from "./fuse-session.ts";
import type { FuseTree } from "./fuse-tree.ts";
import { mountFuse, type MountOptions } from "./mount.node.ts";

export interface MountTreeOptions extends MountOptions, FuseSessionOptions, AbortOptions {
  /** Called when the tree can be used. */
  readonly onMounted?: () => void;
}

/**
 * Mounts a tree on a directory and serves it until somebody unmounts it, or `signal` is aborted.
 *
 * @throws NOT_FOUND, UNSUPPORTED where there is no FUSE, IO
 */
export async function mountTree(
  tree: FuseTree,
  place: string,
  options: MountTreeOptions = {},
): Promise<void> {
  const { signal, onMounted } = options;
  signal?.throwIfAborted();
  const mounted = await mountFuse(place, options);
  let unmounting: Promise<void> | undefined;
  const unmount = (): void => {
    unmounting ??= mounted.unmount();
    unmounting.catch(() => {}); // is told in the end
  };
  signal?.addEventListener("abort", unmount, { once: true });
  if (signal?.aborted === true) unmount();
  const serve = async (): Promise<void> => {
    const served = serveFuse(fuseDevice(mounted.fd), tree, options);
    onMounted?.();
    await served;
  };
  await closingInTheEnd(serve, async () => {
    signal?.removeEventListener("abort", unmount);
    await (unmounting ?? mounted.unmount());
  });
}
