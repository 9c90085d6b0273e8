// Clicks on the shelf's buttons become events; deleting and passwords are asked about first.
// The dialog lives outside of the list, so that a change of the list does not close it.
const dialog = document.createElement("dialog");
dialog.className = "ask";
document.body.append(dialog);

function ask(sentence, yes, danger, password) {
  const form = document.createElement("form");
  form.method = "dialog";
  const text = document.createElement("p");
  text.textContent = sentence;
  text.id = "ask-text";
  dialog.setAttribute("aria-labelledby", "ask-text");
  form.append(text);
  const field = document.createElement("input");
  if (password) {
    field.type = "password";
    field.required = true;
    field.autocomplete = "off";
    field.setAttribute("aria-label", "Password");
    form.append(field);
  }
  const row = document.createElement("div");
  row.className = "ask-row";
  const no = document.createElement("button");
  no.type = "button";
  no.textContent = "Keep it";
  if (password) no.textContent = "Not now";
  no.onclick = () => dialog.close("");
  const go = document.createElement("button");
  go.type = "submit";
  go.value = "yes";
  go.className = danger ? "danger" : "go";
  go.textContent = yes;
  row.append(no, go);
  form.append(row);
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  (password ? field : no).focus();
  return new Promise((answer) => {
    dialog.onclose = () => answer(dialog.returnValue === "yes" ? field.value || "yes" : null);
  });
}

element.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  const { do: action, key, title } = button.dataset;
  let password = "";
  if (action === "delete") {
    const sentence = `Delete “${title}”, its memory and all conversations about it?`;
    if (!(await ask(sentence, "Delete", true, false))) return;
  }
  if (action === "password") {
    password = await ask(`The password of “${title}”:`, "Open", false, true);
    if (!password) return;
  }
  trigger("click", { do: action, key, password });
});
