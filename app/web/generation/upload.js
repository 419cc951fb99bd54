/**
 * `fetch`, but it calls `onprogress({sent, total})` with the bytes of the body that were sent: only
 * XMLHttpRequest tells them. Each request begins with 0, which shows a repeated one.
 */
export async function upload(url, init) {
  const request = await answered(url, init);
  const lines = request.getAllResponseHeaders().split("\r\n").filter(Boolean);
  const headers = lines.map((line) => line.split(/: (.*)/, 2));
  return new Response(request.responseText || null, { status: request.status, headers });
}

function answered(url, { method, headers, body, signal, onprogress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const report = ({ loaded, total }) => onprogress({ sent: loaded, total });
    for (const type of ["loadstart", "progress", "load"]) request.upload.addEventListener(type, report);
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("error", () => reject(new TypeError("The request failed.")));
    request.addEventListener("abort", () => reject(signal.reason));
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    return request.send(body);
  });
}
