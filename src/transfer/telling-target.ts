import { override } from "../bytes/override.ts";
import type { TreeChange } from "../tree/entry/entry.ts";
import type { TreeTarget } from "../tree/target.ts";

/** A target that also tells of its changes here, where somebody wants to know. */
export function telling(
  target: TreeTarget,
  { onChange }: { readonly onChange?: (change: TreeChange) => void },
): TreeTarget {
  if (!onChange) return target;
  return override(target, {
    open: (options) =>
      target.open({
        ...options,
        onChange(change) {
          options.onChange?.(change);
          onChange(change);
        },
      }),
  });
}
