// The page of all runs of a folder: search, stars that this browser keeps, and two to four pictures under one zoom.
const MOST = 4, stored = `nstyle stars ${location.pathname}`;
const runs = JSON.parse($("runs").textContent), cards = [...$("cards").children], stars = new Set();
const view = {zoom: 1, x: 0, y: 0}, chosen = [];
try { for (const name of JSON.parse(localStorage.getItem(stored)) ?? []) stars.add(name); } catch { /* none are kept */ }

runs.forEach((run, i) => {
  const settings = Object.entries(run.described).map(([name, value]) => `${name} ${value}`);
  run.words = [cards[i].textContent, ...settings].join("\n").replace(/ +/g, " ").toLowerCase();
  run.card = cards[i];
  run.star = run.card.querySelector(".star");
  run.box = run.card.querySelector(".choose");
  run.star.onclick = () => {
    if (!stars.delete(run.name)) stars.add(run.name);
    try { localStorage.setItem(stored, JSON.stringify([...stars])); } catch { /* nothing is kept then */ }
    filter();
  };
  run.box.onchange = () => choose(run, run.box.checked);
});

function filter() {
  const wanted = $("search").value.toLowerCase().split(",").map(part => part.trim());
  let count = 0;
  for (const run of runs) {
    const starred = stars.has(run.name);
    const shown = wanted.every(part => run.words.includes(part)) && (starred || !$("starred").checked);
    run.star.setAttribute("aria-pressed", starred);
    run.star.textContent = starred ? "★" : "☆";
    run.card.hidden = !shown;
    count += shown;
  }
  $("count").textContent = count === runs.length ? "" : `${count} of ${runs.length}`;
}

// Chooses a run for the comparison or drops it; where there are too many the one chosen first gives way.
function choose(run, wanted) {
  if (wanted) chosen.push(run); else chosen.splice(chosen.indexOf(run), 1);
  if (chosen.length > MOST) chosen.shift().box.checked = false;
  compare();
}

function compare() {
  $("compared").hidden = chosen.length < 2;
  $("stage").replaceChildren(...chosen.map(run => {
    const figure = make("figure"), frame = make("div"), image = new Image();
    figure.style.cssText = run.card.style.cssText;
    frame.className = "frame";
    image.draggable = false;
    image.alt = run.card.querySelector("img").alt;
    image.src = run.src;
    frame.append(image);
    figure.append(frame, make("figcaption", run.name));
    return figure;
  }));
  const names = [...new Set(chosen.flatMap(run => Object.keys(run.described)))];
  const value = (run, name) => run.described[name] ?? "–";
  const differing = names.filter(name => new Set(chosen.map(run => value(run, name))).size > 1);
  const rows = differing.map(name => row(name, chosen.map(run => make("td", value(run, name)))));
  $("differing").replaceChildren(row("", chosen.map(run => head(run.name, "col"))), ...rows);
}

function make(name, text = "") {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

function head(text, scope) {
  const cell = make("th", text);
  cell.scope = scope;
  return cell;
}

function row(name, cells) {
  const line = make("tr");
  line.append(name ? head(name, "row") : make("td"), ...cells);
  return line;
}

$("search").oninput = $("starred").onchange = filter;
$("none").onclick = () => {
  for (const run of chosen.splice(0)) run.box.checked = false;
  compare();
};
zoomable($("stage"), view, {});
filter();
