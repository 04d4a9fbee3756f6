// What the pages share: looking at pictures closely, together, saying figures, and copying a command.
const $ = id => document.getElementById(id);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const figure = value => value == null ? "–" : value === 0 ? "0" : value.toExponential(2).replace("e+", "e");

function duration(seconds) {
  if (seconds == null) return "–";
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  if (!minutes) return `${+seconds.toPrecision(3)} s`;
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// Wheel, pinch, buttons and keys zoom every .frame in `stage` alike, dragging moves them. `view` holds zoom, x and y as
// fractions of a frame, so that it fits frames of any size; `onDrag` gets the place of a drag that has nothing to move.
function zoomable(stage, view, {onChange, onDrag}) {
  const pointers = new Map();
  let held; // the frame under the first pointer

  function apply() {
    view.zoom = clamp(view.zoom, 1, 16);
    view.x = clamp(view.x, 1 - view.zoom, 0);
    view.y = clamp(view.y, 1 - view.zoom, 0);
    stage.classList.toggle("zoomed", view.zoom > 1);
    stage.style.setProperty("--zoom", view.zoom);
    stage.style.setProperty("--x", `${100 * view.x}%`);
    stage.style.setProperty("--y", `${100 * view.y}%`);
    onChange?.();
  }

  function place(event, frame) {
    const box = frame.getBoundingClientRect();
    return {x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height};
  }

  function zoomBy(factor, at = {x: 0.5, y: 0.5}) {
    const growth = clamp(view.zoom * factor, 1, 16) / view.zoom;
    view.zoom *= growth;
    view.x = at.x - (at.x - view.x) * growth;
    view.y = at.y - (at.y - view.y) * growth;
    apply();
  }

  stage.addEventListener("wheel", event => {
    const frame = event.target.closest(".frame");
    if (!frame || event.deltaY >= 0 && view.zoom === 1) return; // let the page scroll on
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), place(event, frame));
  }, {passive: false});

  stage.addEventListener("pointerdown", event => {
    const frame = event.target.closest(".frame");
    if (!frame || event.button !== 0) return;
    if (!pointers.size) held = frame;
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event, held));
  });
  stage.addEventListener("pointermove", event => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = place(event, held);
    pointers.set(event.pointerId, now);
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const apart = point => Math.hypot(point.x - other.x, point.y - other.y);
      view.x += (now.x - before.x) / 2;
      view.y += (now.y - before.y) / 2;
      zoomBy(apart(now) / (apart(before) || 1), {x: (now.x + other.x) / 2, y: (now.y + other.y) / 2});
    } else if (view.zoom > 1) {
      view.x += now.x - before.x;
      view.y += now.y - before.y;
      apply();
    } else {
      onDrag?.(now);
    }
  });
  stage.onpointerup = stage.onpointercancel = event => pointers.delete(event.pointerId);

  const fit = () => { view.zoom = 1; apply(); };
  $("zoom-in").onclick = () => zoomBy(1.5);
  $("zoom-out").onclick = () => zoomBy(1 / 1.5);
  $("zoom-fit").onclick = fit;
  onKey({"+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), "0": fit});
  apply();
}

// Keys that work wherever nothing else wants them.
function onKey(actions) {
  addEventListener("keydown", event => {
    const key = event.key.length > 1 ? event.key : event.key.toLowerCase(), on = event.target;
    const taken = on.matches("select, [type=search], [type=text]") || on.closest("dialog")
      || on.matches("input") && (key.length > 1 || key === " ") || on.matches("button, summary, a") && key === " ";
    if (taken || event.ctrlKey || event.metaKey || event.altKey || !actions[key]) return;
    event.preventDefault();
    actions[key]();
  });
}

for (const button of document.querySelectorAll("[data-copy]")) button.onclick = async () => {
  const command = $(button.dataset.copy);
  getSelection().selectAllChildren(command);
  const written = navigator.clipboard?.writeText(command.textContent).then(() => true, () => false);
  const copied = await written || document.execCommand("copy");
  button.nextElementSibling.textContent = copied ? "Copied." : "It is selected: copy it with Ctrl+C.";
};
