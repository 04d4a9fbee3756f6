// Curves on a logarithmic scale, as SVG. A line has `values`, `dashes` and, under the name of each axis, where its points
// lie; it starts anew where its `long_edge` changes, for losses at two sizes are not comparable.

// Lines differ by more than their colours.
const DASHES = ["none", "9 3", "2 3", "9 3 2 3", "5 2", "12 5", "2 2 2 6", "14 3 2 3 2 3", "6 6"];

// Draws the lines that are `shown`, a circle for each of `marks` and a dashed rule with a label at each of `steps`;
// gives back the horizontal scale, its inverse and a way to rule a line.
function drawChart(svg, lines, axis, {marks = [], steps = []}) {
  const {width, height} = svg.getBoundingClientRect();
  const left = 48, right = width - 14, top = 24, bottom = height - 26;
  const values = lines.filter(line => line.shown).flatMap(line => line.values).filter(value => value > 0);
  const last = Math.max(1, ...[...lines.map(line => line[axis].at(-1) ?? 0), ...marks.map(mark => mark[axis])]);
  const low = Math.log10(Math.min(...values)) - 0.05, high = Math.log10(Math.max(...values)) + 0.05;
  const x = value => left + value / last * (right - left);
  const y = value => values.length ? bottom - (Math.log10(value) - low) / (high - low) * (bottom - top) : bottom;

  const parts = [];
  for (const value of logTicks(low, high)) {
    parts.push(`<path class="grid" d="M${left} ${y(value)}H${right}"/>`);
    const label = value.toExponential().replace("e+", "e");
    parts.push(`<text class="level" x="${left - 8}" y="${y(value) + 4}">${label}</text>`);
  }
  const spacing = tickSpacing(last * 80 / (right - left), axis);
  for (let value = 0; value <= last; value += spacing) {
    const label = axis === "seconds" ? time(value) : value;
    parts.push(`<text class="place" x="${x(value)}" y="${height - 6}">${label}</text>`);
  }
  let free = 0; // up to where the line of labels is taken
  for (const step of steps) {
    const at = x(step[axis]);
    parts.push(`<path class="step" d="M${at} ${top}V${bottom}"/>`);
    if (at < free) continue;
    parts.push(`<text x="${at}" y="${top - 8}">${step.label}</text>`);
    free = at + 7 * step.label.length + 8;
  }
  for (const line of lines.filter(line => line.shown)) {
    const goesOn = i => line.values[i - 1] > 0 && line.long_edge[i - 1] === line.long_edge[i];
    const point = (value, i) => `${goesOn(i) ? "L" : "M"}${x(line[axis][i]).toFixed(1)} ${y(value).toFixed(1)}`;
    const path = line.values.map((value, i) => value > 0 ? point(value, i) : "").join("");
    const dashes = `stroke-dasharray="${line.dashes}"`;
    parts.push(`<path class="line ${line.thin ? "thin" : ""}" ${dashes} style="stroke: ${line.colour}" d="${path}"/>`);
  }
  for (const mark of marks) {
    const look = `class="mark ${mark.chosen ? "chosen" : ""}" style="color: ${mark.colour}" r="${mark.chosen ? 6 : 4}"`;
    if (mark.value > 0) parts.push(`<circle ${look} cx="${x(mark[axis])}" cy="${y(mark.value)}"/>`);
  }
  svg.innerHTML = parts.join("") + `<path class="cross" d=""/>`;
  return {
    x,
    value: at => clamp((at - left) / (right - left), 0, 1) * last,
    rule: value => svg.lastChild.setAttribute("d", `M${x(value)} ${top}V${bottom}`),
  };
}

function logTicks(low, high) {
  const factors = high - low > 2 ? [1] : [1, 2, 5], every = Math.ceil((high - low) / 8), ticks = [];
  for (let power = Math.floor(low); power <= high; power++) {
    if (power % every === 0) ticks.push(...factors.map(factor => factor * 10 ** power));
  }
  return ticks.filter(value => Math.log10(value) >= low && Math.log10(value) <= high);
}

function tickSpacing(least, axis) {
  const power = 10 ** Math.floor(Math.log10(least)), decimal = [1, 2, 5, 10].map(factor => factor * power);
  const hours = [10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];
  const nice = axis === "seconds" && least > 5 ? [...hours, ...decimal] : decimal;
  return Math.max(axis === "epoch" ? 1 : 0, nice.find(value => value >= least));
}

function time(seconds) {
  if (seconds < 60 || seconds % 60) return `${+seconds.toPrecision(3)} s`;
  return seconds < 3600 ? `${seconds / 60} min` : `${+(seconds / 3600).toFixed(1)} h`;
}

// Which of the positions lies nearest to a place.
function nearest(positions, place) {
  const apart = positions.map(position => Math.abs(position - place));
  return apart.indexOf(Math.min(...apart));
}

// A box to tick for each line, with its colour, its name and room for a figure.
function drawKeys(host, lines, onToggle) {
  host.replaceChildren(...lines.map(line => {
    const [key, box, swatch] = ["label", "input", "i"].map(name => document.createElement(name));
    const drawn = `stroke-dasharray="${line.dashes}" style="stroke: ${line.colour}"`;
    key.className = line.thin ? "thin" : "";
    box.id = `show ${line.name}`;
    box.type = "checkbox";
    box.checked = line.shown;
    box.onchange = () => { line.shown = box.checked; onToggle(line); };
    swatch.innerHTML = `<svg viewBox="0 0 32 4" aria-hidden="true"><path d="M0 2H32" ${drawn}/></svg>`;
    line.reading = document.createElement("span");
    key.append(box, swatch, line.name, line.reading);
    return key;
  }));
}
