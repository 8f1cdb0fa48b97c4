// One file's row: what it shows of the file on its way, and of the photo that it has become.

const template = document.querySelector("#row");
const failures = document.querySelector("#failures").content;
// How high a thumbnail may be here; what is reserved for it in the row.
const HIGHEST = 96;
const BUSY = ["waiting", "uploading"];
const STOPPED = ["failed", "cancelled"];
let count = 0;

export function inWords(bytes) {
  const power = bytes < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power ? 1 : 0)} ${["bytes", "KB", "MB", "GB"][power]}`;
}

function shown({ preset, url, width, height, bytes }) {
  const [item, link, image] = ["li", "a", "img"].map((tag) => document.createElement(tag));
  const scale = Math.min(1, HIGHEST / height);
  const place = { width: Math.ceil(width * scale), height: Math.ceil(height * scale) };
  Object.assign(image, { src: url, ...place, alt: "", loading: "lazy" });
  link.href = url;
  link.append(image, `${preset}, ${width} × ${height}, ${inWords(bytes)}`);
  item.append(link);
  return item;
}

// What happened, and what one can do.
function told(code) {
  const find = (name) => failures.querySelector(`[data-code="${name}"]`);
  return Array.from((find(code) ?? find("internal_error")).children, (sentence) => sentence.textContent);
}

export class Row {
  state = "ready";
  share = 0; // Of the bytes that have been sent.
  isStarted = false;
  isDuplicate = false;
  photo = null; // As the API tells of it, once it is there.
  custom = null; // The thumbnail in the box of one's own, and that box.

  constructor(file, hint, changed) {
    this.file = file;
    this.changed = changed;
    this.element = template.content.firstElementChild.cloneNode(true);
    const find = (selector) => this.element.querySelector(selector);
    [this.bar, this.said, this.made, this.open] = ["progress", ".state", ".made", ".open"].map(find);
    this.buttons = Object.fromEntries(["cancel", "retry", "remove"].map((name) => [name, find(`.${name}`)]));
    [this.preset, this.image] = [find("select"), find("img")];
    this.edges = [...this.element.querySelectorAll("input")];
    this.said.id = `row-${(count += 1)}`;
    find("strong").textContent = file.name;
    find(".quiet").textContent = inWords(file.size);
    this.id = find(".id");
    for (const named of [this.bar, this.open, ...Object.values(this.buttons)]) {
      named.ariaLabel = `${named.textContent} ${file.name}`.trim();
    }
    find("fieldset").ariaLabel = `Thumbnails of ${file.name}`;
    this.preset.onchange = () => this.#list();
    this.#preview();
    this.tell("ready", hint || "Ready.");
  }

  get isBusy() {
    return BUSY.includes(this.state);
  }

  // The box of one's own that is still to be made; null for none.
  get wanted() {
    const [width, height] = this.edges.map((edge) => edge.value);
    const isMade = this.custom?.box.join() === `${width},${height}`;
    return (width || height) && !isMade ? [width, height] : null;
  }

  // In words: a text, or nodes.
  tell(state, words) {
    this.state = this.element.dataset.state = state;
    this.said.replaceChildren(words);
    this.bar.hidden = state !== "uploading";
    for (const edge of this.edges) edge.disabled = this.isBusy;
    const focused = document.activeElement;
    this.buttons.cancel.hidden = !this.isBusy;
    this.buttons.retry.hidden = !STOPPED.includes(state);
    this.buttons.remove.hidden = this.isBusy;
    if (focused?.hidden && this.element.contains(focused)) {
      [this.buttons.retry, this.buttons.cancel, this.open, this.buttons.remove].find((one) => !one.hidden).focus();
    }
    this.changed();
  }

  sent(share) {
    this.share = this.bar.value = share;
    this.changed();
  }

  // The photo, or what is new of it.
  show(photo) {
    this.photo = { ...this.photo, ...photo };
    this.isDuplicate ||= photo.duplicate ?? false;
    this.share = 1;
    this.open.href = `/photos/${photo.id}/`;
    this.open.hidden = false;
    this.id.textContent = this.id.title = `id ${photo.id}`;
    const { thumbnail_status: status, thumbnail_error_code: code } = this.photo;
    const here = this.isDuplicate ? "Already here. " : "";
    if (status === "failed") this.tell("failed", here + told(code).join(" "));
    else if (status === "complete") this.tell("complete", here || "Complete.");
    else if (status === "skipped") this.tell("sent", here);
    else this.tell("sent", code ? `${told(code)[0]} It will be tried again by itself.` : `${here}${status} …`);
    this.#list();
  }

  showCustom(thumbnail, box) {
    this.custom = { ...thumbnail, box };
    this.show(this.photo);
  }

  // The photo is no more.
  forget() {
    [this.photo, this.custom, this.isDuplicate, this.open.hidden, this.made.hidden] = [null, null, false, true, true];
    this.id.textContent = "";
    this.tell("failed", "It was deleted meanwhile.");
  }

  #preview() {
    const url = URL.createObjectURL(this.file);
    this.image.onload = () => URL.revokeObjectURL(url);
    this.image.onerror = () => {
      URL.revokeObjectURL(url);
      this.image.hidden = true; // Not every browser shows every format.
    };
    this.image.src = url;
  }

  #list() {
    const made = this.photo?.thumbnails;
    if (!made?.small) return;
    if (this.image.src !== made.small.url) this.image.src = made.small.url;
    this.image.hidden = false;
    const presets = Object.keys(made).filter((preset) => [preset, "all"].includes(this.preset.value));
    const all = presets.map((preset) => ({ preset, ...made[preset] }));
    if (this.custom) all.push(this.custom);
    this.made.replaceChildren(...all.map(shown));
    this.made.hidden = false;
  }
}
