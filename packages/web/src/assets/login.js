// Login pages work without this script. It shows a typed password, says that Caps Lock is on, counts down a time to wait, and presses the
// button of a page that needs no decision.

for (const form of document.querySelectorAll('form[data-show]')) {
  const fields = [...form.querySelectorAll('input[type=password]')];
  for (const field of fields) {
    addShowButton(form, field);
    addCapsLockHint(form, field);
  }
  // Browsers and password managers must not remember a shown password as ordinary text.
  form.addEventListener('submit', () => {
    for (const field of fields) field.type = 'password';
  });
}

function addShowButton(form, field) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'reveal';
  button.setAttribute('aria-controls', field.id);
  button.append(eye());
  const update = () => {
    const shown = field.type === 'text';
    button.setAttribute('aria-pressed', String(shown));
    button.title = shown ? form.dataset.hide : form.dataset.show;
  };
  button.setAttribute('aria-label', `${form.dataset.show}: ${form.querySelector(`label[for="${field.id}"]`)?.textContent ?? ''}`);
  button.addEventListener('click', () => {
    field.type = field.type === 'password' ? 'text' : 'password';
    update();
    field.focus();
  });
  update();
  field.after(button);
}

function eye() {
  const create = (name, attributes) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
    return element;
  };
  const picture = create('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' });
  picture.append(
    create('path', { d: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12z' }),
    create('circle', { cx: 12, cy: 12, r: 3 }),
    create('path', { d: 'M4 20 20 4', class: 'strike' }),
  );
  return picture;
}

function addCapsLockHint(form, field) {
  const hint = document.createElement('p');
  hint.className = 'hint';
  hint.setAttribute('role', 'status');
  field.parentElement.after(hint);
  const check = (event) => {
    const on = event.getModifierState?.('CapsLock') === true;
    const text = on ? form.dataset.capsLock : '';
    if (hint.textContent !== text) hint.textContent = text;
  };
  for (const name of ['keydown', 'keyup', 'mousedown']) field.addEventListener(name, check);
  field.addEventListener('blur', () => {
    hint.textContent = '';
  });
}

for (const wait of document.querySelectorAll('[data-wait]')) {
  const overAtMs = Date.now() + Number(wait.dataset.wait) * 1000;
  const over = document.createElement('span');
  over.className = 'for-ears';
  over.setAttribute('role', 'status');
  wait.parentElement.after(over);
  const update = () => {
    const seconds = Math.ceil((overAtMs - Date.now()) / 1000);
    if (seconds <= 0) {
      clearInterval(timer);
      wait.textContent = wait.dataset.over;
      over.textContent = wait.dataset.over;
      return;
    }
    const [count, unit] = seconds < 90 ? [seconds, 'second'] : seconds < 5400 ? [Math.ceil(seconds / 60), 'minute'] : [0, ''];
    if (count === 0) return;
    const time = new Intl.NumberFormat(document.documentElement.lang, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
    const text = wait.dataset.text.replace('{time}', time);
    if (wait.textContent !== text) wait.textContent = text;
  };
  const timer = setInterval(update, 250);
}

// Only on a page that needs no decision of the user.
document.querySelector('button[data-press]')?.click();
