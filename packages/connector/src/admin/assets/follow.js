/** Follows the log: adds new lines on top. Without it the page loads again every few seconds. */
{
  const POLL_MS = 1000;
  const MAX_LINES = 1000;
  const list = document.querySelector('[data-follow]');

  const addNewLines = async () => {
    if (document.visibilityState !== 'visible') return;
    const after = list.querySelector('[data-number]')?.dataset.number ?? list.dataset.after;
    const response = await fetch(`${list.dataset.follow}&after=${after}`, { headers: { 'Landbridge-Live': '1' }, redirect: 'manual' });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').querySelectorAll('li[data-number]');
    if (fresh.length > 0) list.querySelector('li:not([data-number])')?.remove();
    list.prepend(...fresh);
    while (list.children.length > MAX_LINES) list.lastElementChild.remove();
  };

  // Offline for a moment: the next round tries again.
  const again = () =>
    setTimeout(
      () =>
        addNewLines()
          .catch(() => {})
          .finally(again),
      POLL_MS,
    );

  if (list !== null) again();
}
