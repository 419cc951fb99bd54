// A classic script, so that the first paint has the video's shape.
{
  const RENEW_AFTER = 60_000; // milliseconds; an address that fails sooner has not expired
  const video = document.getElementById("video");
  const problem = document.getElementById("problem");
  let renewed = -Infinity;

  if (video.width && video.height) video.style.setProperty("--ratio", video.width / video.height);

  // The browser keeps the address that it was redirected to, which expires while the page is open.
  video.addEventListener("error", () => {
    if (Date.now() - renewed < RENEW_AFTER) {
      problem.textContent =
        "This video cannot be played at the moment. It may no longer be shared.";
      return;
    }
    const { currentTime, paused } = video;
    renewed = Date.now();
    video.load();
    video.currentTime = currentTime;
    if (!paused) video.play().catch(() => {});
  });
  video.addEventListener("loadeddata", () => {
    problem.textContent = "";
  });
}
