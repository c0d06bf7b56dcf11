/** Keeps the numbers of a page up to date, and adds buttons that copy. Without it the page shows what it showed when it was loaded. */
const INTERVAL_MS = 5000;

function liveParts(root) {
  return root.querySelectorAll('[data-live]');
}

async function refresh() {
  const response = await fetch(location.href, { headers: { 'Landbridge-Live': '1' }, redirect: 'manual', cache: 'no-store' });
  // Signed out, or the hub stops: what is shown stays.
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  for (const part of liveParts(document)) {
    const next = fresh.getElementById(part.id);
    // Nothing moves under the fingers of somebody who is in it.
    if (next !== null && !part.contains(document.activeElement) && part.innerHTML !== next.innerHTML)
      part.replaceChildren(...next.childNodes);
  }
}

// In a narrow window the navigation is wider than the page.
document.querySelector('.masthead [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });

if (liveParts(document).length > 0) {
  setInterval(() => {
    // Offline for a moment: the next round tries again.
    if (document.visibilityState === 'visible') refresh().catch(() => {});
  }, INTERVAL_MS);
}

for (const source of navigator.clipboard === undefined ? [] : document.querySelectorAll('[data-copy]')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain copy';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = 'Copied';
  });
  source.before(button);
}
