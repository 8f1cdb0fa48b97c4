// What was typed is not lost when a form was sent in vain, as after the session has ended: this tab keeps what it sends, and
// shows it again on a page that says that nothing was changed. Never passwords or files, and to nobody else.

const KEPT = "typed";
const NEVER = ["hidden", "password", "file"];
const { user } = document.querySelector("[data-user]").dataset;
const pathOf = (form) => new URL(form.action).pathname;
const valueOf = (field) => (field.type === "checkbox" ? "checked" : "value");

addEventListener("submit", ({ target: form }) => {
  if (form.method !== "post" || form.querySelector("[type=password]")) return;
  const typed = [...form.elements].filter(({ name, type }) => name && !NEVER.includes(type));
  const fields = typed.map((field) => [field.name, field[valueOf(field)]]);
  sessionStorage.setItem(KEPT, JSON.stringify({ user, path: pathOf(form), fields }));
});

function showAgain(form, fields) {
  for (const [name, value] of fields) {
    const field = form.elements[name];
    if (field) field[valueOf(field)] = value;
  }
  form.classList.add("unsaved");
  form.elements[fields[0][0]].focus();
}

if (document.querySelector(".messages .unsaved")) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT));
  const form = kept?.user === user && [...document.forms].find((one) => pathOf(one) === kept.path);
  if (form && kept.fields.length) showAgain(form, kept.fields);
} else {
  sessionStorage.removeItem(KEPT);
}
