// What was typed is not lost when a form was sent in vain, as after the session has ended: this tab keeps what it sends, and
// shows it again on a page that says that nothing was changed. Never passwords or files, and to nobody else.

const KEPT = "typed";
const NEVER = ["password", "file"];
// What the form held when it was loaded goes along, since what was changed is told by it; a token does not.
const isTyped = ({ name, type }) => name && !NEVER.includes(type) && (type !== "hidden" || name.startsWith("initial-"));
const user = document.querySelector("[data-user]")?.dataset.user;
const pathOf = (form) => new URL(form.action).pathname;
const valueOf = (field) => (field.type === "checkbox" ? "checked" : "value");

addEventListener("submit", ({ target: form, defaultPrevented }) => {
  if (defaultPrevented || !user || form.method !== "post" || form.querySelector("[type=password]")) return;
  const fields = [...form.elements].filter(isTyped).map((field) => [field.name, field[valueOf(field)]]);
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

const kept = JSON.parse(sessionStorage.getItem(KEPT));
if (kept && kept.user === user && document.querySelector(".messages .unsaved")) {
  const form = [...document.forms].find((one) => pathOf(one) === kept.path);
  if (form && kept.fields.length) showAgain(form, kept.fields);
} else if (user || !document.querySelector("p.unsaved")) {
  // Only while signing in is asked for it is nobody's in sight.
  sessionStorage.removeItem(KEPT);
}
