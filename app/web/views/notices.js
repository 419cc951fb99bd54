/**
 * Finds the words for an error among the page's notices; where they have none of their own, the
 * text is the service's.
 * @param {Record<string, () => void>} actions by the names that the notices use
 */
export function noticeOf({ code, message, retryAfter }, actions) {
  const find = (wanted) => document.querySelector(`#notices [data-code="${CSS.escape(wanted)}"]`);
  const notice = find(code) ?? find("other");
  const { action, label, text = message } = notice.dataset;
  const wait = (action === "again" && retryAfter) || 0;
  return { title: notice.textContent, text, label, run: actions[action], wait };
}
