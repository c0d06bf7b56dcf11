/**
 * Refreshes parts of a page, shows times in the browser's time zone, asks before input is lost, and adds buttons that copy. Without it the page
 * stays as it was loaded.
 */

/** Parts with `data-live` show the current state. */
const LIVE_MS = 5000;
/** Parts with `data-watch` follow something that runs, until the page no longer marks them. */
const WATCH_MS = 700;

/** Such as `2026-12-01T14:05:09`, in the browser's time zone. */
function localIso(at) {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** The server writes times in UTC, since it does not know the time zone. */
function showLocalTimes(root) {
  const zone = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts().find(({ type }) => type === 'timeZoneName');
  for (const element of root.querySelectorAll('[data-zone]')) element.textContent = zone?.value ?? 'local time';
  for (const element of root.querySelectorAll('time[datetime]')) {
    const text = element.textContent;
    element.title = `${text} UTC`;
    const local = localIso(new Date(element.dateTime)).replace('T', ' ');
    const [start, end] = { clock: [11, 16], day: [5, 10] }[element.className] ?? [0, text.length];
    element.textContent = local.slice(start, end);
  }
}

/** Fields that the server reads as UTC, while the administrator reads and types local time. */
function typeLocalTimes() {
  for (const field of document.querySelectorAll('input[data-utc]')) {
    const sent = document.createElement('input');
    sent.type = 'hidden';
    sent.name = field.name;
    sent.value = field.value;
    field.removeAttribute('name');
    if (field.value !== '') field.value = localIso(new Date(`${field.value}Z`)).slice(0, 16);
    field.addEventListener('change', () => {
      sent.value = field.value === '' ? '' : new Date(field.value).toISOString().slice(0, 19);
    });
    field.after(sent);
  }
}

async function refresh(mark) {
  const parts = document.querySelectorAll(mark);
  if (parts.length === 0) return false;
  if (document.visibilityState !== 'visible') return true;
  const response = await fetch(location.href, { headers: { 'Landbridge-Live': '1' }, redirect: 'manual', cache: 'no-store' });
  // Signed out, or the server stops: keep what the page shows.
  if (!response.ok) return true;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  showLocalTimes(fresh);
  for (const part of parts) {
    const next = fresh.getElementById(part.id);
    // Do not replace what the user is working in.
    if (next === null || (part.hasAttribute('data-live') && part.contains(document.activeElement))) continue;
    if (!next.hasAttribute('data-watch')) part.removeAttribute('data-watch');
    if (part.innerHTML !== next.innerHTML) part.replaceChildren(...next.childNodes);
    // What runs is over, and its result is another page.
    const then = part.querySelector('[data-then]');
    if (then !== null) location.replace(then.href);
  }
  return true;
}

function repeat(mark, ms) {
  setTimeout(async () => {
    // Offline for a moment: the next round tries again.
    if (await refresh(mark).catch(() => true)) repeat(mark, ms);
  }, ms);
}

showLocalTimes(document);
typeLocalTimes();
repeat('[data-live]', LIVE_MS);
repeat('[data-watch]', WATCH_MS);

/** Forms with `data-unsaved`: leaving the page asks first, if something was entered, or if they show a draft. */
for (const form of document.querySelectorAll('form[data-unsaved]')) {
  let isChanged = form.dataset.unsaved === 'draft';
  form.addEventListener('input', () => {
    isChanged = true;
  });
  form.addEventListener('submit', () => {
    isChanged = false;
  });
  window.addEventListener('beforeunload', (event) => {
    if (isChanged) event.preventDefault();
  });
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
