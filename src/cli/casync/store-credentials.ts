import type { OpenStoreOptions } from "../../casync/open-store.node.ts";
import { googleAccess } from "../bucket/google-access.ts";
import { ociCredentials } from "./oci-settings.ts";
import { s3Settings } from "./s3-settings.ts";

/** Who one is to the servers of stores, as the environment says. @throws USAGE, NOT_FOUND */
export function storeCredentials(): Pick<OpenStoreOptions, "google" | "oci" | "s3"> {
  return { google: () => googleAccess(), oci: (place) => ociCredentials(place), s3: s3Settings() };
}
