// What a browser signs goes into a hidden field of the form, which is sent as any other form.
const form = document.querySelector("form[data-passkey]");
const trouble = document.getElementById("passkey-trouble");
const makes = form?.dataset.passkey === "create";
const Key = window.PublicKeyCredential;
let waiting = null;

function complain(reason) {
  for (const each of trouble.children) each.hidden = each.dataset.reason !== reason;
  trouble.hidden = false;
}

async function run(more) {
  waiting?.abort();
  waiting = new AbortController();
  const told = JSON.parse(form.dataset.options);
  const publicKey = makes
    ? Key.parseCreationOptionsFromJSON(told)
    : Key.parseRequestOptionsFromJSON(told);
  const asked = { publicKey, signal: waiting.signal, ...more };
  const credential = await navigator.credentials[makes ? "create" : "get"](asked);
  form.elements.credential.value = JSON.stringify(credential.toJSON());
  form.submit();
}

function failed(error) {
  if (error.name === "AbortError") return;
  complain(error.name === "InvalidStateError" ? "known" : "failed");
}

if (form && Key?.parseCreationOptionsFromJSON && Key.parseRequestOptionsFromJSON) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    trouble.hidden = true;
    run({}).catch(failed);
  });
  if (form.dataset.mediation && (await Key.isConditionalMediationAvailable?.())) {
    // Beside the address the browser offers passkeys; a user who takes none has done no wrong.
    run({ mediation: "conditional" }).catch(() => {});
  }
} else if (form) {
  complain("missing");
}
