/**
 * Finds the notice for an error in index.html. A notice without a text shows the service's message.
 * @param {Record<string, () => void>} actions by the names in `data-action`
 */
export function noticeFor({ code, message, retryAfter }, actions) {
  const find = (wanted) => document.querySelector(`#notices [data-code="${CSS.escape(wanted)}"]`);
  const notice = find(code) ?? find("other");
  const { action, label, text = message, quiet } = notice.dataset;
  const wait = (action === "again" && retryAfter) || 0;
  const isQuiet = quiet !== undefined;
  return { title: notice.textContent, text, label, action, run: actions[action], wait, isQuiet };
}
