// A classic script, so that the first paint has the video's shape.
{
  const RENEW_AFTER = 60_000; // milliseconds; an address that fails sooner has not expired
  const video = document.getElementById("video");
  const problem = document.getElementById("problem");
  let renewed = -Infinity;
  let isPlaying = false; // unlike `paused`, which an error sets without a word

  if (video.width && video.height) video.style.setProperty("--ratio", video.width / video.height);

  // The browser keeps the address that it was redirected to, which expires while the page is open.
  const renew = () => {
    if (Date.now() - renewed < RENEW_AFTER) {
      problem.textContent =
        "This video cannot be played at the moment. It may no longer be shared.";
      return;
    }
    const { currentTime } = video;
    renewed = Date.now();
    video.load();
    video.currentTime = currentTime;
    if (isPlaying) video.play().catch(() => {});
  };
  video.addEventListener("play", () => (isPlaying = true));
  video.addEventListener("pause", () => (isPlaying = false));
  video.addEventListener("error", renew);
  if (video.error) renew(); // it failed before this script was there
  video.addEventListener("loadeddata", () => {
    problem.textContent = "";
  });
}
