const TIMEOUT = 15_000; // milliseconds

/**
 * Reads the kept start image of a job, at an address that is fresh. Resolves with `{picture}`, or
 * with `{missing}`: the code of the notice that says why there is none.
 */
export async function startImageOf({ startImageUrl }) {
  if (!startImageUrl) return { missing: "start_image_gone" };
  // Past the cache: what an <img> left there lacks the header that allows scripts to read it.
  const request = { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) };
  try {
    const answer = await fetch(startImageUrl, request);
    if (answer.ok) return { picture: await answer.blob() };
    return { missing: answer.status === 404 ? "start_image_gone" : "start_image_unreachable" };
  } catch {
    const isForbidden = await canShow(startImageUrl);
    return { missing: isForbidden ? "start_image_forbidden" : "start_image_unreachable" };
  }
}

/** What may be shown but not read comes from a storage without a CORS rule for this page. */
function canShow(src) {
  return new Promise((resolve) => {
    const onload = () => resolve(true);
    const onerror = () => resolve(false);
    Object.assign(new Image(), { onload, onerror, src });
  });
}
