// Older photos come as one scrolls: the next page is fetched, and its cards put below the ones that are here.
// Without this script, or when a fetch fails, the link below leads to them.

const more = document.querySelector(".more");

const next = () => more.querySelector("a[rel=next]");

async function append() {
  const answer = await fetch(next().href);
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const cards = page.querySelector(".grid");
  if (cards) more.before(document.adoptNode(cards));
  const further = page.querySelector(".more a[rel=next]");
  if (further) next().href = further.href;
  else next().remove();
}

// A screen ahead, so that one seldom sees the end.
const watch = new IntersectionObserver(async (entries) => {
  // Of several that came together the last is how it is now.
  if (!entries.at(-1).isIntersecting || !next()) return;
  watch.disconnect();
  try {
    await append();
    if (next()) watch.observe(more);
  } catch {
    // The link stays.
  }
}, { rootMargin: "100% 0px" });

if (more && next()) watch.observe(more);
