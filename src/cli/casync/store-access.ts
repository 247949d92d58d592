import type { OpenStoreOptions } from "../../casync/open-store.node.ts";
import { googleAccess } from "../bucket/google-access.ts";
import type { Report } from "../report/report.ts";
import { ociCredentials } from "./oci-settings.ts";
import { retryNotices } from "./retry-notices.ts";
import { s3Settings } from "./s3-settings.ts";

/**
 * Who one is to the servers of stores, as the environment says, and that it is said when they are
 * asked again.
 *
 * @throws USAGE, NOT_FOUND
 */
export function storeAccess(
  report: Pick<Report, "notice">,
): Required<Pick<OpenStoreOptions, "google" | "http" | "oci" | "s3">> {
  return {
    google: () => googleAccess(),
    http: { onRetry: retryNotices((line) => report.notice(line)) },
    oci: (place) => ociCredentials(place),
    s3: s3Settings(),
  };
}
