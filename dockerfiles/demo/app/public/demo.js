// Shows the version in the footer. A page whose address is stale cannot.
const base = document.currentScript.dataset.base;

fetch(base + "rest/version")
  .then((answer) => answer.json())
  .then((answer) => {
    document.getElementById("version").textContent = answer.version;
    document.documentElement.dataset.script = "ran";
  });
