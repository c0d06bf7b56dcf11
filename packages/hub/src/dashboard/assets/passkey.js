/** Shows passkey forms if the browser supports them, and fills in its response. */
const known = typeof PublicKeyCredential === 'function' && 'parseCreationOptionsFromJSON' in PublicKeyCredential;

for (const part of known ? document.querySelectorAll('[data-needs-passkeys], [data-passkey]') : []) part.hidden = false;

for (const form of document.querySelectorAll('[data-passkey]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const problem = form.querySelector('[role=alert]');
    problem.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const credential =
        form.dataset.passkey === 'create'
          ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.querySelector('[data-credential]').value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch (error) {
      problem.textContent =
        error.name === 'InvalidStateError' ? 'This device already has a passkey for you.' : 'No passkey was used, or you cancelled.';
      problem.hidden = false;
    }
  });
}
