// A classic script that blocks rendering, so that the first paint has the right theme and view.
{
  const root = document.documentElement;
  const view = /^#\/(\w+)/.exec(location.hash);
  if (view && ["studio", "templates", "library", "activity", "credits"].includes(view[1])) {
    root.dataset.view = view[1];
  }
  try {
    const { pathname } = new URL("../..", document.currentScript.src);
    const theme = localStorage.getItem(pathname === "/" ? "theme" : `designer${pathname}theme`);
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  } catch {
    // Without storage, the system's theme is used.
  }
}
