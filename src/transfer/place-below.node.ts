import { decodeByteText } from "../bytes/byte-text.ts";
import { formatSharePath, type SharePath } from "../http/share-path.ts";
import type { RemoteEndpoint } from "./endpoint.node.ts";

/** The place that a path leads to from another. */
export function placeBelow(place: RemoteEndpoint, path: SharePath): RemoteEndpoint {
  if (path.components.length === 0) return place;
  if (place.kind === "ssh") {
    const names = path.components.map(decodeByteText);
    return {
      ...place,
      path: `${place.path.replace(/\/+$/, "")}/${names.join("/")}${path.contents ? "/" : ""}`,
    };
  }
  const url = new URL(place.url);
  url.pathname = url.pathname.replace(/\/+$/, "") + formatSharePath(path);
  return { ...place, url: url.href };
}
