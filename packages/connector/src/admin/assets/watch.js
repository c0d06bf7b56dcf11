/** Follows what is going on right now: parts with `data-watch` are fetched again until the page says that they are complete. */
const WATCH_MS = 700;

async function follow() {
  const parts = document.querySelectorAll('[data-watch]');
  if (parts.length === 0) return;
  try {
    if (document.visibilityState !== 'visible') return;
    const response = await fetch(location.href, { headers: { 'Landbridge-Live': '1' }, redirect: 'manual', cache: 'no-store' });
    if (response.ok) {
      const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
      for (const part of parts) {
        const next = fresh.getElementById(part.id);
        if (next === null) continue;
        if (part.innerHTML !== next.innerHTML) part.replaceChildren(...next.childNodes);
        if (!next.hasAttribute('data-watch')) part.removeAttribute('data-watch');
      }
    }
  } catch {
    // Offline for a moment: the next round tries again.
  } finally {
    setTimeout(follow, WATCH_MS);
  }
}

setTimeout(follow, WATCH_MS);
