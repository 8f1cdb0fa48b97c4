// The arrow keys lead to the photos beside this one.

const LINKS = { ArrowLeft: "a[rel=prev]", ArrowRight: "a[rel=next]" };

addEventListener("keydown", (event) => {
  const link = document.querySelector(LINKS[event.key] ?? "none");
  const isTyping = event.target.closest("input, select, textarea");
  const isModified = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
  if (link && !isTyping && !isModified) link.click();
});
