// A classic script that the head waits for: theme and view stand before anything is painted.
{
  const root = document.documentElement;
  const view = /^#\/(\w+)/.exec(location.hash);
  if (view && ["studio", "templates", "library", "activity", "credits"].includes(view[1])) {
    root.dataset.view = view[1];
  }
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  } catch {
    // A browser that keeps nothing shows what the system prefers.
  }
}
