// The panel that writes the command of the same run with other settings.
const changes = new Map();
let recipe;

const flagOf = name => `--${name.replaceAll("_", "-")}`;
const quoted = word => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;

// A setting as the words of a command line: what a person would type behind its flag.
function words(value) {
  if (value == null) return "";
  if (Array.isArray(value)) return value.map(part => quoted(String(part))).join(" ");
  if (typeof value === "object") return Object.entries(value).map(([name, part]) => `${name}:${part}`).join(",");
  return typeof value === "boolean" ? value ? "yes" : "no" : quoted(String(value));
}

// The words of the command, each flag with its values; a flag may be abbreviated, or have underscores or its value joined.
function parts() {
  const first = recipe.command.findIndex(word => word.startsWith("--")), all = recipe.command;
  const found = [{words: all.slice(0, first < 0 ? all.length : first)}];
  for (const word of first < 0 ? [] : all.slice(first)) {
    if (word.startsWith("--")) found.push({flag: word.split("=")[0].replaceAll("_", "-"), words: [word]});
    else found.at(-1).words.push(word);
  }
  return found;
}

function write() {
  const changed = [...changes].filter(([name, {before, now}]) => now !== before);
  const dropped = changed.map(([name]) => flagOf(name));
  if (dropped.includes("--output-dir")) dropped.push("--resume", "--overwrite");
  const kept = parts().filter(part => !part.flag || !dropped.some(flag => flag.startsWith(part.flag)));
  const line = document.createElement("span"), host = $("again-command");
  line.textContent = kept.flatMap(part => part.words).map(quoted).join(" ");
  host.replaceChildren(line, ...changed.flatMap(([name, {now, flag}]) => {
    const text = flag ? now === "yes" ? flagOf(name) : "" : now && `${flagOf(name)} ${now}`;
    if (!text) return [];
    const mark = document.createElement("mark");
    mark.textContent = text;
    return [" ", mark];
  }));
}

function field(name) {
  const value = recipe.settings[name], label = document.createElement("label"), input = document.createElement("input");
  const flag = typeof value === "boolean", before = words(value);
  const unit = recipe.units[name] ? ` (${recipe.units[name]})` : "";
  const change = {before, now: name === "output_dir" ? quoted(recipe.next) : before, flag};
  changes.set(name, change);
  input.type = flag ? "checkbox" : "text";
  input.spellcheck = false;
  if (flag) input.checked = value;
  input.value = change.now;
  input.placeholder = "by itself";
  input.oninput = () => {
    change.now = flag ? input.checked ? "yes" : "no" : input.value.trim();
    write();
  };
  label.append(flagOf(name) + unit, input);
  $("changes").append(label);
  [...$("another").options].find(option => option.value === name)?.remove();
  return input;
}

function offerChanges(given) {
  recipe = given;
  const names = Object.keys(recipe.settings);
  $("another").append(new Option("…", ""), ...names.map(name => new Option(flagOf(name), name)));
  for (const name of recipe.offered) if (names.includes(name)) field(name);
  $("another").onchange = () => {
    if ($("another").value) field($("another").value).focus();
    write();
  };
  write();
}
