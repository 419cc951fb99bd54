/** Addresses relative to this file, because a proxy may serve the service under a prefix. */

/** The address of the service, without a slash at its end. */
export const SERVICE = new URL("../..", import.meta.url).href.replace(/\/$/, "");

/** The address of a file of this folder. */
export function assetUrl(path) {
  return new URL(path, import.meta.url).href;
}
