/** Addresses relative to this file, because a proxy may serve the service under a prefix. */

/** The address of the service, without a slash at its end. */
export const SERVICE = new URL("../..", import.meta.url).href.replace(/\/$/, "");

/** What names of this page's data begin with: other pages of the origin have data of their own. */
export const OWN = SERVICE === location.origin ? "" : `designer${new URL(SERVICE).pathname}/`;

/** The address of a file of this folder. */
export function assetUrl(path) {
  return new URL(path, import.meta.url).href;
}
